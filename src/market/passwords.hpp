// Passwords: how they become hashes and are compared with them, off the event loop.
//
//   runtime::WorkerPool pool(2, 64);
//   Argon2Hasher hasher(pool, Argon2Hasher::Cost::interactive);
//   auto hash = co_await hasher.hash(password.copy());
//   auto fits = co_await hasher.verify(hash.value(), std::move(password));
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "market/secret.hpp"
#include "runtime/worker_pool.hpp"

namespace abc2::market {

// Thread-safe. Outlives its operations.
class PasswordHasher {
 public:
  virtual ~PasswordHasher() = default;

  // A hash in text form with a fresh salt: two hashes of one password differ. Errors: too_busy, unavailable.
  [[nodiscard]] virtual Task<Result<std::string>> hash(Secret password) = 0;

  // Whether `hash` is of `password`. Without a hash (there is no such user) it takes as long as with one and says
  // no, so that nobody learns from the time who has an account. Errors: too_busy, unavailable.
  [[nodiscard]] virtual Task<Result<bool>> verify(std::optional<std::string> hash, Secret password) = 0;
};

// Argon2id by libsodium, its cost and salt in the hash's text: a hash of another cost verifies all the same.
class Argon2Hasher final : public PasswordHasher {
 public:
  enum class Cost : std::uint8_t {
    minimum,      // for tests: next to nothing
    interactive,  // 64 MiB and about a tenth of a second
    moderate,     // 256 MiB and about a second
  };

  // The pool is borrowed. Makes one hash, in the calling thread, for verify() to work on where there is no user.
  Argon2Hasher(runtime::WorkerPool& pool, Cost cost);

  Task<Result<std::string>> hash(Secret password) override;
  Task<Result<bool>> verify(std::optional<std::string> hash, Secret password) override;

 private:
  runtime::WorkerPool& pool_;
  Cost cost_;
  std::string decoy_;
};

}  // namespace abc2::market
