#include "bitcoin/block.hpp"

#include <algorithm>

#include "bitcoin/parsing.hpp"

namespace abc2::bitcoin {
namespace {

constexpr std::size_t kHeaderBytes = 80, kLeastTransaction = 4 + 1 + 41 + 1 + 9 + 4;

// The 256-bit number that a header's hash must not exceed, the most significant byte first; nullopt: no such number.
std::optional<Hash> target_of(std::uint32_t bits) {
  const unsigned size = bits >> 24;
  const std::uint32_t digits = bits & 0x7fffff;
  if ((bits & 0x800000) != 0 || digits == 0 || size == 0 || size > 33) return std::nullopt;
  Hash target{};
  for (unsigned i = 0; i < 3; ++i) {  // the i-th of the three, from the least significant on
    const auto byte = static_cast<unsigned char>(digits >> (8 * i));
    const int place = static_cast<int>(size) - 3 + static_cast<int>(i);  // counted from the least significant byte
    if (byte == 0 || place < 0) continue;
    if (place > 31) return std::nullopt;
    target[static_cast<std::size_t>(31 - place)] = byte;
  }
  return target;
}

std::uint32_t easiest(Network network) {
  switch (network) {
    case Network::main:
    case Network::test: return 0x1d00ffff;
    case Network::signet: return 0x1e0377ae;
    case Network::regtest: return 0x207fffff;
  }
  return 0;
}

bool proves_work(Network network, const BlockHeader& header, const Hash& hash) {
  const auto target = target_of(header.bits);
  if (!target || *target > *target_of(easiest(network))) return false;
  Hash number = hash;
  std::ranges::reverse(number);
  return number <= *target;
}

// nullopt: two neighbours are the same, with which another list would have the same root.
std::optional<Hash> merkle_root(std::vector<Hash> level) {
  while (level.size() > 1) {
    std::vector<Hash> next;
    for (std::size_t i = 0; i < level.size(); i += 2) {
      const bool paired = i + 1 < level.size();
      const Hash& other = paired ? level[i + 1] : level[i];
      if (paired && other == level[i]) return std::nullopt;
      next.push_back(sha256d(std::string(as_bytes(level[i])) + std::string(as_bytes(other))));
    }
    level = std::move(next);
  }
  return level.at(0);
}

BlockHeader parse_header(wire::Cursor& cursor) {
  BlockHeader header;
  header.version = static_cast<std::int32_t>(static_cast<std::uint32_t>(cursor.integer(4)));
  header.previous = cursor.hash();
  header.merkle_root = cursor.hash();
  header.time = static_cast<std::uint32_t>(cursor.integer(4));
  header.bits = static_cast<std::uint32_t>(cursor.integer(4));
  header.nonce = static_cast<std::uint32_t>(cursor.integer(4));
  return header;
}

}  // namespace

Result<Block> parse_block(Network network, std::string_view bytes) {
  const auto refused = [](std::string_view why) {
    return Error(Code::invalid_argument, "this is not a block: " + std::string(why));
  };
  if (bytes.size() > kBlockBytes) return refused("it is too long");
  if (bytes.size() < kHeaderBytes) return refused("it is too short");
  Block block;
  wire::Cursor cursor(bytes);
  block.header = parse_header(cursor);
  block.hash = sha256d(bytes.substr(0, kHeaderBytes));
  if (!proves_work(network, block.header, block.hash)) return refused("its header proves no work");
  const std::uint64_t count = cursor.count(kLeastTransaction);
  for (std::uint64_t i = 0; i < count && !cursor.failed(); ++i) {
    block.transactions.push_back(parsing::transaction(cursor));
    if (!cursor.failed()) block.ids.push_back(id_of(block.transactions.back()));
  }
  if (cursor.failed() || cursor.left() != 0) return refused("its transactions cannot be read");
  if (block.transactions.empty()) return refused("it has no transactions");
  for (std::size_t i = 0; i < block.transactions.size(); ++i)
    if (is_coinbase(block.transactions[i]) != (i == 0)) return refused("its first transaction alone is a coinbase");
  if (merkle_root(block.ids) != block.header.merkle_root) return refused("its transactions are not its header's");
  return block;
}

}  // namespace abc2::bitcoin
