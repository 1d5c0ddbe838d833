// What the next slot of a campaign costs: the server's arithmetic, to the satoshi (see tests/vectors/price.json).
import type { Sat } from './money';

export interface LastSale {
  price: Sat;
  boughtAt: number; // milliseconds since 1970, as all times here
  startsAt: number;
  endsAt: number;
}

export interface Offer {
  price: Sat;
  startsAt: number;
  falling: boolean; // false: it is at the floor
}

// For a floor m, when the last slot was bought at t0 for p0 and ends at e0, the price is
//   m + (2 p0 - m) (e0 - t) / (e0 - t0), rounded up, until e0; from then on, and before the first sale, it is m.
// Whole milliseconds only.
export function offerAt(floor: Sat, last: LastSale | null, now: number): Offer {
  if (!last || now >= last.endsAt) return { price: floor, startsAt: now, falling: false };
  const above = 2n * last.price - floor;
  const left = BigInt(last.endsAt - Math.max(now, last.boughtAt));
  const whole = BigInt(last.endsAt - last.boughtAt);
  return { price: floor + (above * left + whole - 1n) / whole, startsAt: last.endsAt, falling: true };
}

// The first moment at which the price is `wanted` or less; undefined if it never will be.
export function momentOf(floor: Sat, last: LastSale | null, wanted: Sat): number | undefined {
  if (wanted < floor) return undefined;
  if (!last) return 0;
  const above = 2n * last.price - floor;
  const whole = BigInt(last.endsAt - last.boughtAt);
  // The price is at most `wanted` when above * left <= (wanted - floor) * whole.
  const left = ((wanted - floor) * whole) / above;
  return left >= whole ? last.boughtAt : last.endsAt - Number(left);
}

// How much the price falls in a minute, rounded up; 0 at the floor.
export function fallPerMinute(floor: Sat, last: LastSale | null, now: number): Sat {
  if (!last || now >= last.endsAt) return 0n;
  const whole = BigInt(last.endsAt - last.boughtAt);
  return ((2n * last.price - floor) * 60_000n + whole - 1n) / whole;
}
