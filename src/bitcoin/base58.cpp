#include "bitcoin/base58.hpp"

#include <algorithm>
#include <vector>

#include "bitcoin/hash.hpp"

namespace abc2::bitcoin {
namespace {

constexpr std::string_view kAlphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::size_t kMostCharacters = 128;  // an extended key has 111; the conversion takes quadratic time

// The digits of a number in one base from those in another, the least significant first.
std::vector<unsigned> converted(const std::vector<unsigned>& digits, unsigned from, unsigned to) {
  std::vector<unsigned> out;
  for (const unsigned digit : digits) {  // the most significant first
    unsigned carry = digit;
    for (auto& value : out) {
      carry += value * from;
      value = carry % to;
      carry /= to;
    }
    for (; carry > 0; carry /= to) out.push_back(carry % to);
  }
  return out;
}

std::string checksum(std::string_view bytes) { return std::string(as_bytes(sha256d(bytes)).substr(0, 4)); }

}  // namespace

std::string to_base58check(std::string_view bytes) {
  const std::string whole = std::string(bytes) + checksum(bytes);
  std::vector<unsigned> digits;
  for (const char c : whole) digits.push_back(static_cast<unsigned char>(c));
  const auto zeroes =
      static_cast<std::size_t>(std::ranges::find_if(digits, [](unsigned d) { return d != 0; }) - digits.begin());
  std::string text(zeroes, kAlphabet[0]);
  const auto values = converted(digits, 256, 58);
  for (auto value = values.rbegin(); value != values.rend(); ++value) text += kAlphabet[*value];
  return text;
}

Result<std::string> from_base58check(std::string_view text) {
  if (text.empty() || text.size() > kMostCharacters)
    return Error(Code::invalid_argument, "a text in base58 has 1 to 128 characters here");
  std::vector<unsigned> digits;
  for (const char c : text) {
    const auto at = kAlphabet.find(c);
    if (at == std::string_view::npos)
      return Error(Code::invalid_argument, "it has a character that base58 does not use");
    digits.push_back(static_cast<unsigned>(at));
  }
  const std::size_t zeroes = std::min(text.find_first_not_of(kAlphabet[0]), text.size());
  std::string bytes(zeroes, '\0');
  const auto values = converted(digits, 58, 256);
  for (auto value = values.rbegin(); value != values.rend(); ++value) bytes += static_cast<char>(*value);
  if (bytes.size() < 4 ||
      checksum(std::string_view(bytes).substr(0, bytes.size() - 4)) != std::string_view(bytes).substr(bytes.size() - 4))
    return Error(Code::invalid_argument, "its checksum does not fit: a character is wrong or missing");
  bytes.resize(bytes.size() - 4);
  return bytes;
}

}  // namespace abc2::bitcoin
