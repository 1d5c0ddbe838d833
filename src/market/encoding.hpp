// Encodings: SHA-256, base64 and the comparison of secrets, by libsodium. Thread-safe: pure functions.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace abc2::market {

// 64 hexadecimal digits in lower case.
std::string sha256_hex(std::string_view bytes);

// RFC 4648, section 4, with padding.
std::string to_base64(std::string_view bytes);
// Strict: exactly what to_base64 makes. Errors: invalid_argument.
Result<std::string> from_base64(std::string_view text);

// RFC 4648, section 5, without padding: fit for a URL.
std::string to_base64url(std::string_view bytes);
Result<std::string> from_base64url(std::string_view text);

// Takes the same time wherever the difference is.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace abc2::market
