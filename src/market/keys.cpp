#include "market/keys.hpp"

namespace abc2::market::keys {

std::string padded(std::uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 10) digits.insert(0, 10 - digits.size(), '0');
  return digits;
}

std::string_view rest(const Key& key) {
  const auto slash = key.find('/');
  return slash == Key::npos ? std::string_view() : std::string_view(key).substr(slash + 1);
}

}  // namespace abc2::market::keys
