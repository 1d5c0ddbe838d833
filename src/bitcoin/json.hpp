// JSON as nodes send it, with every number kept as the text that it was: amounts are decimals, and no decimal passes
// through floating point here. Values are plain data; parsing is thread-safe.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/satoshi.hpp"

namespace abc2::bitcoin {

struct Json {
  enum class Kind : std::uint8_t { null, boolean, number, text, list, object };
  Kind kind = Kind::null;
  std::string value{};  // of a number or a text; "true" or "false"
  std::vector<Json> items{};
  std::map<std::string, Json, std::less<>> members{};

  // The member, or null: also if this is no object.
  [[nodiscard]] const Json& operator[](std::string_view name) const;
};

// One JSON value, at most 32 deep, and nothing behind it. Errors: invalid_argument.
Result<Json> parse_json(std::string_view text);

// What a node said, as what it should be. Errors: invalid_argument, naming `what`.
Result<std::string> text_of(const Json& json, std::string_view what);
Result<std::int64_t> integer_of(const Json& json, std::string_view what);

// A decimal number of bitcoin, such as "0.00000001", "1e-8" or "21000000", exactly. Errors: invalid_argument (no
// number, a part of a satoshi, more than all bitcoin).
Result<Satoshi> parse_bitcoin(std::string_view number);

}  // namespace abc2::bitcoin
