#include "engines/etcd/ranges.hpp"

#include <algorithm>

namespace abc2::engines::etcd {
namespace {

constexpr std::size_t kFirstPiece = 64;
constexpr std::size_t kPieceBytes = 4 * 1024 * 1024;
constexpr std::size_t kLeastPiece = 8;

}  // namespace

std::string end_of_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

std::size_t next_piece(std::size_t wanted, std::size_t have, std::size_t bytes) {
  const std::size_t left = wanted - have;
  if (have == 0) return std::min(left, kFirstPiece);
  const std::size_t average = bytes / have + 1;
  return std::min(left, std::max(kLeastPiece, kPieceBytes / average));
}

}  // namespace abc2::engines::etcd
