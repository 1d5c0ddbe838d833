// The price of the next slot: it doubles with each sale and falls, in a straight line, to the floor until the slots
// sold so far have ended. Exact integer arithmetic. Thread-safe: pure functions.
#pragma once
#include "market/documents.hpp"

namespace abc2::market {

struct Offer {
  Satoshi price;     // of the next slot if it is bought now
  Time starts_at{};  // when it would begin
};

// What the next slot costs at `now`. For a floor m, when the last slot was bought at t0 for p0 and ends at e0:
//   price(t) = m + (2 p0 - m) (e0 - t) / (e0 - t0), rounded up to the satoshi, while t < e0; the slot starts at e0.
// From e0 on, and before the first sale, the price is m and the slot starts at once. A clock behind t0 sees the price
// at t0: twice the last one at the most.
// Requires 0 < floor <= limits::price_max_sat and a last price of the same bounds.
Offer offer(Satoshi floor, const std::optional<LastSale>& last, Time now);

// The operator's part of a price: basis points of it, rounded up. 0 <= basis_points <= limits::fee_max_basis_points.
Satoshi fee_of(Satoshi price, std::int64_t basis_points);

}  // namespace abc2::market
