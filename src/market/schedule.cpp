#include "market/schedule.hpp"

namespace abc2::market {

const SoldSlot* Schedule::on_air(Time now) const {
  for (const SoldSlot& slot : slots_)
    if (slot.sale.starts_at <= now && now < slot.sale.ends_at) return &slot;
  return nullptr;
}

std::vector<SoldSlot> Schedule::upcoming(Time now) const {
  std::vector<SoldSlot> later;
  for (const SoldSlot& slot : slots_)
    if (slot.sale.starts_at > now) later.push_back(slot);
  return later;
}

std::optional<Time> Schedule::changes_at(Time now) const {
  if (const SoldSlot* current = on_air(now)) return current->sale.ends_at;
  for (const SoldSlot& slot : slots_)
    if (slot.sale.starts_at > now) return slot.sale.starts_at;
  return std::nullopt;
}

void Schedule::take(std::vector<SoldSlot> sold, std::uint64_t seen, Time now) {
  if (seen > seen_) {
    for (SoldSlot& slot : sold)
      if (slot.number > seen_) slots_.push_back(std::move(slot));
    seen_ = seen;
  }
  while (!slots_.empty() && slots_.front().sale.ends_at <= now) slots_.pop_front();
}

}  // namespace abc2::market
