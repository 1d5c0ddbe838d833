// Parsing of the small texts of HTTP that come from outside: percent-encoding, queries, cookies, numbers; and escaping
// for what goes out. Thread-safe: pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace abc2::http {

// "a%20b" -> "a b". nullopt for a '%' without two hexadecimal digits, and for what would decode to a NUL.
std::optional<std::string> percent_decoded(std::string_view text);

// A query "a=1&b=x+y", decoded, in its order. Errors: invalid_argument (encoding, more than kQueryFields fields).
using QueryFields = std::vector<std::pair<std::string, std::string>>;
inline constexpr std::size_t kQueryFields = 32;
Result<QueryFields> parse_query(std::string_view query);

// The field of that name; empty if there is none.
std::string_view query_field(const QueryFields& fields, std::string_view name);

// The cookie of that name in a Cookie header; empty if there is none.
std::string_view cookie(std::string_view header, std::string_view name);

// Decimal digits only, within 64 bits. nullopt for anything else, the empty text too.
std::optional<std::uint64_t> parse_number(std::string_view text);

// "image/png; q=1" -> "image/png", in lower case.
std::string media_type(std::string_view content_type);

// For text and for attributes in double quotes.
std::string html_escaped(std::string_view text);

}  // namespace abc2::http
