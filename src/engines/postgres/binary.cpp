#include "engines/postgres/binary.hpp"

namespace abc2::engines::postgres {
namespace {

void append(std::string& out, std::uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
}

}  // namespace

std::string binary_bigint(std::uint64_t number) {
  std::string out;
  append(out, number, 8);
  return out;
}

std::uint64_t bigint_of(std::string_view bytes) {
  if (bytes.size() != sizeof(std::uint64_t)) return 0;
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

namespace {

std::string array(std::uint64_t type, const std::vector<std::string>& items) {
  std::string out;
  append(out, 1, 4);  // dimensions
  append(out, 0, 4);  // no nulls
  append(out, type, 4);
  append(out, items.size(), 4);
  append(out, 1, 4);  // the first one's index
  for (const auto& item : items) {
    append(out, item.size(), 4);
    out += item;
  }
  return out;
}

}  // namespace

std::string binary_array(const std::vector<std::string>& items) { return array(17, items); }

std::string binary_bigints(const std::vector<std::uint64_t>& numbers) {
  std::vector<std::string> items;
  items.reserve(numbers.size());
  for (const auto number : numbers) items.push_back(binary_bigint(number));
  return array(20, items);
}

std::string end_of_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace abc2::engines::postgres
