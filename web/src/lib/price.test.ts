import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sat } from './money';
import { fallPerMinute, momentOf, offerAt, type LastSale } from './price';

interface Vector {
  floor_sat: number;
  last_sale: { price_sat: number; bought_at_ms: number; starts_at_ms: number; ends_at_ms: number } | null;
  now_ms: number;
  price_sat: number;
  starts_at_ms: number;
}
// The same file that the server's tests read.
const vectors = JSON.parse(readFileSync(new URL('../../../tests/vectors/price.json', import.meta.url), 'utf8')) as Vector[];

function lastOf(vector: Vector): LastSale | null {
  const last = vector.last_sale;
  return last && { price: sat(last.price_sat), boughtAt: last.bought_at_ms, startsAt: last.starts_at_ms, endsAt: last.ends_at_ms };
}

describe('the price', () => {
  it('is the server\'s, to the satoshi', () => {
    expect(vectors.length).toBeGreaterThan(400);
    expect(vectors.slice(0, 3).map((vector) => vector.price_sat)).toEqual([100_000, 197_917, 356_909]);
    for (const vector of vectors) {
      const offer = offerAt(sat(vector.floor_sat), lastOf(vector), vector.now_ms);
      expect([offer.price, offer.startsAt], JSON.stringify(vector)).toEqual([sat(vector.price_sat), vector.starts_at_ms]);
    }
  });

  it('is as wanted from the moment that momentOf says, and not before', () => {
    let checked = 0;
    for (const vector of vectors) {
      const floor = sat(vector.floor_sat);
      const last = lastOf(vector);
      const wanted = sat(vector.price_sat);
      const from = momentOf(floor, last, wanted);
      expect(from, JSON.stringify(vector)).toBeDefined();
      expect(offerAt(floor, last, from!).price <= wanted, JSON.stringify(vector)).toBe(true);
      if (last && from! > last.boughtAt) {
        expect(offerAt(floor, last, from! - 1).price > wanted, JSON.stringify(vector)).toBe(true);
        checked++;
      }
      expect(momentOf(floor, last, floor - 1n)).toBeUndefined();
    }
    expect(checked).toBeGreaterThan(300);
  });

  it('falls by what is said in a minute', () => {
    const last = { price: 1000n, boughtAt: 0, startsAt: 0, endsAt: 600_000 };
    expect(fallPerMinute(100n, last, 0)).toBe(190n);
    expect(fallPerMinute(100n, last, 600_000)).toBe(0n);
    expect(fallPerMinute(100n, null, 0)).toBe(0n);
  });
});
