#include "market/pricing.hpp"

#include <algorithm>

namespace abc2::market {
namespace {

__extension__ using Wide = __int128;

// a * b / c, rounded up. a, b >= 0, c > 0; the product of two 63-bit numbers fits.
std::int64_t scaled_up(std::int64_t a, std::int64_t b, std::int64_t c) {
  return static_cast<std::int64_t>((Wide(a) * b + c - 1) / c);
}

}  // namespace

Offer offer(Satoshi floor, const std::optional<LastSale>& last, Time now) {
  if (!last || now >= last->ends_at) return {floor, now};
  const std::int64_t above_floor = 2 * last->price.value() - floor.value();
  const std::int64_t left = (last->ends_at - std::max(now, last->bought_at)).count();
  const std::int64_t whole = (last->ends_at - last->bought_at).count();
  // A floor is never above the last price, so that above_floor is positive (a sale is at the floor or more).
  return {floor + Satoshi(scaled_up(above_floor, left, whole)), last->ends_at};
}

Satoshi fee_of(Satoshi price, std::int64_t basis_points) {
  return Satoshi(scaled_up(price.value(), basis_points, 10'000));
}

}  // namespace abc2::market
