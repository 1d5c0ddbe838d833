// What AdStatistics remembers and hands out: signed tokens of views, and who was seen lately. Plain data; not
// thread-safe.
#pragma once
#include <array>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/time.hpp"

namespace abc2::market {

// A view that was counted.
struct ViewTicket {
  std::uint64_t id = 0;  // random
  Time at{};
  friend bool operator==(const ViewTicket&, const ViewTicket&) = default;
};

using AdTokenSecret = std::array<unsigned char, 32>;

// The ticket in a text that is fit for a URL, signed for `ad` (any text that names the ad).
std::string seal(const AdTokenSecret& secret, std::string_view ad, ViewTicket ticket);
// nullopt unless `token` was sealed with the same secret for the same ad.
std::optional<ViewTicket> unseal(const AdTokenSecret& secret, std::string_view ad, std::string_view token);

// Remembers up to `capacity` things for `how_long`; when there are more, the oldest is forgotten first.
class Recent {
 public:
  Recent(std::size_t capacity, Milliseconds how_long) : capacity_(capacity), how_long_(how_long) {}

  // What is remembered under `key`; if nothing is, remembers `ticket` there and returns nullopt.
  std::optional<ViewTicket> find_or_remember(std::uint64_t key, ViewTicket ticket, Time now);
  void forget(std::uint64_t key) { tickets_.erase(key); }
  [[nodiscard]] std::size_t size() const { return tickets_.size(); }

 private:
  struct Remembered {
    ViewTicket ticket;
    Time since;
  };
  std::size_t capacity_;
  Milliseconds how_long_;
  std::unordered_map<std::uint64_t, Remembered> tickets_;
  std::deque<std::pair<std::uint64_t, Time>> order_;  // the oldest first; may name what was forgotten
};

}  // namespace abc2::market
