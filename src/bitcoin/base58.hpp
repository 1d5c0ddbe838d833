// Base58 with a checksum of four bytes, as extended keys and the older addresses are written.
// Thread-safe: pure functions.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace abc2::bitcoin {

std::string to_base58check(std::string_view bytes);

// Errors: invalid_argument (another character, a checksum that does not fit, more than 128 characters).
Result<std::string> from_base58check(std::string_view text);

}  // namespace abc2::bitcoin
