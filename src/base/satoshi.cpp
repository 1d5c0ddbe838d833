#include "base/satoshi.hpp"

#include <charconv>

namespace abc2 {

Result<Satoshi> Satoshi::from(std::int64_t value) {
  if (value < -kMax || value > kMax)
    return Error(Code::invalid_argument,
                 "an amount must lie within 21 million bitcoin (2,100,000,000,000,000 satoshi)");
  return Satoshi(value);
}

Result<Satoshi> Satoshi::parse(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return Error(Code::invalid_argument, "an amount is a whole number of satoshi, such as 100000");
  return from(value);
}

}  // namespace abc2
