// Agenda: what happens when, in simulated time; and Dice: chance that a seed decides. Nothing here knows the real time,
// so that the same seed gives the same run on every machine. Not thread-safe.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "sim/contents.hpp"

namespace abc2::sim {

using Micros = std::chrono::microseconds;

class Agenda {
 public:
  // Since the beginning.
  [[nodiscard]] Micros now() const { return now_; }

  void after(Micros delay, std::function<void()> what) { entries_.push({now_ + delay, next_++, std::move(what)}); }

  // Does what is next, if it comes before `until`. False: nothing does, and it is `until` now.
  bool step(Micros until) {
    if (entries_.empty() || entries_.top().when > until) {
      now_ = until;
      return false;
    }
    now_ = entries_.top().when;
    const auto what = std::move(entries_.top().what);
    entries_.pop();
    what();
    return true;
  }

 private:
  struct Entry {
    Micros when;
    std::uint64_t number;  // of two at the same time the one that was entered first
    mutable std::function<void()> what;
    friend bool operator<(const Entry& a, const Entry& b) {
      return std::pair(a.when, a.number) > std::pair(b.when, b.number);
    }
  };
  Micros now_{0};
  std::uint64_t next_ = 0;
  std::priority_queue<Entry> entries_;
};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t roll() {
    state_ += 0x9e3779b97f4a7c15;
    return mixed(state_);
  }
  std::uint64_t below(std::uint64_t most) { return most == 0 ? 0 : roll() % most; }
  bool chance(unsigned in_a_thousand) { return below(1000) < in_a_thousand; }
  Micros between(Micros least, Micros most) {
    return least + Micros(static_cast<std::int64_t>(below(static_cast<std::uint64_t>((most - least).count()) + 1)));
  }
  // Dice of their own: what is drawn from them does not change what these draw.
  Dice another() { return Dice(roll()); }

 private:
  std::uint64_t state_;
};

}  // namespace abc2::sim
