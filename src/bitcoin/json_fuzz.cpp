// Whatever the text: parsing ends; an amount that is taken is one that can be.
#include "bitcoin/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace abc2::bitcoin;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto amount = parse_bitcoin(text);
  if (amount && !abc2::Satoshi::is_money(amount.value())) __builtin_trap();
  const auto json = parse_json(text);
  if (json && json.value().kind == Json::Kind::number && !integer_of(json.value(), "number"))
    if (json.value().value.find_first_not_of("-0123456789") == std::string::npos && json.value().value.size() < 18)
      __builtin_trap();
  return 0;
}
