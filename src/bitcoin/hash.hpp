// Hashes and hexadecimal text, by OpenSSL. Bytes are std::string, as everywhere in this program.
// Thread-safe: pure functions.
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace abc2::bitcoin {

// A hash in the order in which bitcoin hashes and stores it; people write it the other way round.
using Hash = std::array<unsigned char, 32>;

Hash sha256(std::string_view bytes);
Hash sha256d(std::string_view bytes);                                   // SHA-256 of SHA-256
std::string hash160(std::string_view bytes);                            // RIPEMD-160 of SHA-256, 20 bytes
std::string hmac_sha512(std::string_view key, std::string_view bytes);  // 64 bytes

inline std::string_view as_bytes(const Hash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

// Lower case.
std::string to_hex(std::string_view bytes);
// Either case. Errors: invalid_argument (an odd length, or another character).
Result<std::string> from_hex(std::string_view text);

// A block's or transaction's hash as people and nodes write it: its bytes reversed, 64 hexadecimal digits.
std::string to_id(const Hash& hash);
Result<Hash> from_id(std::string_view text);

}  // namespace abc2::bitcoin
