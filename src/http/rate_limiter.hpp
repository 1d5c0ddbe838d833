// RateLimiter: how often one address may try something that is worth guessing at: logins, registrations.
//
//   RateLimiter logins({.burst = 10, .every = 6s}, 10'000);
//   const auto wait = logins.take(request.peer, now);
//   if (wait > 0ms) ...   // refuse, with Retry-After
//
// A bucket of `burst` tokens for each address, one more every `every`. At most `addresses` are remembered: when there
// are more, those whose buckets are full are forgotten, which changes nothing for them, and if all are in use, some of
// them, which then have a full bucket again. An IPv6 client has its whole /64.
// Thread-safe.
#pragma once
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/time.hpp"

namespace abc2::http {

class RateLimiter {
 public:
  struct Rate {
    std::size_t burst;
    Milliseconds every;
  };
  RateLimiter(Rate rate, std::size_t addresses) : rate_(rate), most_(addresses) {}

  // Takes a token. 0: there was one; otherwise how long it takes until there is.
  Milliseconds take(const std::string& address, Time now);

  // How many addresses are remembered.
  [[nodiscard]] std::size_t size() const;

 private:
  void forget(Time now);

  const Rate rate_;
  const std::size_t most_;
  mutable std::mutex mutex_;
  // When the bucket will be full: a bucket is one moment. (Generic cell rate algorithm.)
  std::unordered_map<std::string, Time> full_at_;
};

}  // namespace abc2::http
