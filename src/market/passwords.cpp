#include "market/passwords.hpp"

#include <sodium.h>

#include <array>
#include <cerrno>

#include "base/check.hpp"

namespace abc2::market {
namespace {

struct Price {
  unsigned long long operations;
  std::size_t memory_bytes;
};

Price price_of(Argon2Hasher::Cost cost) {
  switch (cost) {
    case Argon2Hasher::Cost::minimum: return {crypto_pwhash_argon2id_OPSLIMIT_MIN, crypto_pwhash_argon2id_MEMLIMIT_MIN};
    case Argon2Hasher::Cost::interactive:
      return {crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE, crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE};
    case Argon2Hasher::Cost::moderate:
      return {crypto_pwhash_argon2id_OPSLIMIT_MODERATE, crypto_pwhash_argon2id_MEMLIMIT_MODERATE};
  }
  ABC2_CHECK(false, "a cost that does not exist");
}

Result<std::string> hash_now(Argon2Hasher::Cost cost, std::string_view password) {
  const Price price = price_of(cost);
  std::array<char, crypto_pwhash_argon2id_STRBYTES> text;
  if (crypto_pwhash_argon2id_str(text.data(), password.data(), password.size(), price.operations, price.memory_bytes) !=
      0)
    return Error(Code::unavailable, "there is not enough memory now to hash a password");
  return std::string(text.data());
}

Result<bool> verify_now(const std::string& hash, std::string_view password) {
  errno = 0;
  if (crypto_pwhash_argon2id_str_verify(hash.c_str(), password.data(), password.size()) == 0) return true;
  // libsodium says with EINVAL that the password does not fit, and with nothing else.
  if (errno == EINVAL) return false;
  if (errno == ENOMEM) return Error(Code::unavailable, "there is not enough memory now to check a password");
  return Error(Code::corrupt, "a stored password hash cannot be read");
}

}  // namespace

Argon2Hasher::Argon2Hasher(runtime::WorkerPool& pool, Cost cost) : pool_(pool), cost_(cost) {
  ABC2_CHECK(sodium_init() >= 0, "libsodium cannot be initialised");
  auto decoy = hash_now(cost, "nobody's password");
  ABC2_CHECK(decoy, "there is not enough memory to hash passwords at the configured cost");
  decoy_ = std::move(decoy).value();
}

Task<Result<std::string>> Argon2Hasher::hash(Secret password) {
  auto hashed =
      co_await pool_.run([cost = cost_, password = std::move(password)] { return hash_now(cost, password.view()); });
  co_return hashed;
}

Task<Result<bool>> Argon2Hasher::verify(std::optional<std::string> hash, Secret password) {
  const bool somebody = hash.has_value();
  std::string text = somebody ? *std::move(hash) : decoy_;
  auto fits = co_await pool_.run(
      [text = std::move(text), password = std::move(password)] { return verify_now(text, password.view()); });
  if (fits && !somebody) co_return false;
  co_return fits;
}

}  // namespace abc2::market
