// Schedule: which ad of a campaign is on air, now and later, as a value: what has been read of its slots, without
// those that have ended. Slots are sold one after another and never overlap: each starts when the one before it ends,
// or later.
//
//   Schedule schedule;                                  // kept in memory for a campaign whose ad is shown
//   schedule = co_await campaigns.refresh(seller, c, schedule);    // reads only what is new
//   const SoldSlot* now = schedule.on_air(runtime.now());          // no reads
//
// Plain data: one owner at a time.
#pragma once
#include <deque>

#include "market/documents.hpp"

namespace abc2::market {

struct SoldSlot {
  std::uint64_t number = 0;
  Sale sale;
  friend bool operator==(const SoldSlot&, const SoldSlot&) = default;
};

class Schedule {
 public:
  // The slot that runs at `now`; nullptr if there is none.
  [[nodiscard]] const SoldSlot* on_air(Time now) const;

  // The slots that start after `now`, the next one first.
  [[nodiscard]] std::vector<SoldSlot> upcoming(Time now) const;

  // When on_air() will say something else than at `now`, if no other slot is sold.
  [[nodiscard]] std::optional<Time> changes_at(Time now) const;

  // The number of the last slot that was read, void ones included; 0 for none.
  [[nodiscard]] std::uint64_t seen() const { return seen_; }

  // Takes the slots that were read after seen(), in order, up to number `seen`, and forgets those that had ended
  // by `now`.
  void take(std::vector<SoldSlot> sold, std::uint64_t seen, Time now);

 private:
  std::deque<SoldSlot> slots_;
  std::uint64_t seen_ = 0;
};

}  // namespace abc2::market
