#include "http/rate_limiter.hpp"

#include <algorithm>

namespace abc2::http {

namespace {

// "2001:db8:1:2:3:4:5:6" -> "2001:db8:1:2"; with "::" within the first four groups, what is before it.
std::string network_of(const std::string& address) {
  std::size_t groups = 0;
  for (std::size_t i = 0; i < address.size(); ++i) {
    if (address[i] == '.') return address;  // IPv4, or mapped from it
    if (address[i] != ':') continue;
    if (++groups == 4 || (i + 1 < address.size() && address[i + 1] == ':')) return address.substr(0, i);
  }
  return address;
}

}  // namespace

Milliseconds RateLimiter::take(const std::string& address, Time now) {
  const std::string network = network_of(address);
  const std::scoped_lock lock(mutex_);
  if (full_at_.size() >= most_ && !full_at_.contains(network)) forget(now);
  Time& full_at = full_at_.try_emplace(network, now).first->second;
  const Time next = std::max(full_at, now) + rate_.every;
  const auto room = rate_.every * static_cast<std::int64_t>(rate_.burst);
  if (next - now > room) return (next - now) - room;
  full_at = next;
  return Milliseconds(0);
}

void RateLimiter::forget(Time now) {
  std::erase_if(full_at_, [&](const auto& entry) { return entry.second <= now; });
  // Every one is in use: a quarter of them go, so that this is not done for every newcomer.
  while (full_at_.size() > most_ - most_ / 4 && !full_at_.empty()) full_at_.erase(full_at_.begin());
}

std::size_t RateLimiter::size() const {
  const std::scoped_lock lock(mutex_);
  return full_at_.size();
}

}  // namespace abc2::http
