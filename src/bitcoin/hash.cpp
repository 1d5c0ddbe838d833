#include "bitcoin/hash.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/provider.h>

#include <algorithm>

#include "base/check.hpp"

namespace abc2::bitcoin {
namespace {

// Fetched once: an implicit fetch for each hash costs more than the hash.
struct Digests {
  Digests() {
    sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    ripemd160 = EVP_MD_fetch(nullptr, "RIPEMD160", nullptr);
    if (!ripemd160 && OSSL_PROVIDER_load(nullptr, "default") && OSSL_PROVIDER_load(nullptr, "legacy"))
      ripemd160 = EVP_MD_fetch(nullptr, "RIPEMD160", nullptr);  // OpenSSL 3.0.0 to 3.0.6 have it there
    ABC2_CHECK(sha256 && ripemd160, "OpenSSL offers no SHA-256 or no RIPEMD-160");
  }
  EVP_MD* sha256;
  EVP_MD* ripemd160;
};

template <std::size_t N>
std::array<unsigned char, N> digest(EVP_MD* Digests::* which, std::string_view bytes) {
  static const Digests digests;
  std::array<unsigned char, N> out;
  unsigned size = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, digests.*which, nullptr);
  ABC2_CHECK(done == 1 && size == N, "OpenSSL could not hash");
  return out;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Hash sha256(std::string_view bytes) { return digest<32>(&Digests::sha256, bytes); }

Hash sha256d(std::string_view bytes) { return sha256(as_bytes(sha256(bytes))); }

std::string hash160(std::string_view bytes) {
  const auto hash = digest<20>(&Digests::ripemd160, as_bytes(sha256(bytes)));
  return {hash.begin(), hash.end()};
}

std::string hmac_sha512(std::string_view key, std::string_view bytes) {
  std::string out(64, '\0');
  unsigned size = 0;
  const auto* done =
      HMAC(EVP_sha512(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
           bytes.size(), reinterpret_cast<unsigned char*>(out.data()), &size);
  ABC2_CHECK(done && size == out.size(), "OpenSSL could not compute an HMAC");
  return out;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

Result<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return Error(Code::invalid_argument, "hexadecimal text has an even number of digits");
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit_of(text[i]), low = digit_of(text[i + 1]);
    if (high < 0 || low < 0) return Error(Code::invalid_argument, "this is not hexadecimal text");
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

std::string to_id(const Hash& hash) {
  Hash reversed = hash;
  std::ranges::reverse(reversed);
  return to_hex(as_bytes(reversed));
}

Result<Hash> from_id(std::string_view text) {
  if (text.size() != 64) return Error(Code::invalid_argument, "a hash has 64 hexadecimal digits");
  TRY(const auto bytes, from_hex(text));
  Hash hash;
  std::copy(bytes.rbegin(), bytes.rend(), hash.begin());
  return hash;
}

}  // namespace abc2::bitcoin
