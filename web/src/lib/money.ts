// Amounts of money: whole satoshi as bigint. No amount ever becomes a fraction of a floating-point number.

export type Sat = bigint;

export const SAT_PER_BTC = 100_000_000n;
// More can never exist, so that every amount is also exact as a JSON number.
export const SAT_MAX = 2_100_000_000_000_000n;

const THIN = '\u202f'; // a narrow space that does not break

// An amount from the API. What is no whole number of satoshi is a broken answer, not a price.
export function sat(value: number): Sat {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no amount of satoshi`);
  return BigInt(value);
}

// For the API.
export function jsonSat(value: Sat): number {
  if (value > SAT_MAX || value < -SAT_MAX) throw new RangeError(`${value} is more than all bitcoin`);
  return Number(value);
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, THIN);
}

// 1234567n -> "1 234 567"
export function formatSat(value: Sat): string {
  const sign = value < 0n ? '\u2212' : '';
  return sign + grouped((value < 0n ? -value : value).toString());
}

// 1234567n -> "0.01234567"; always eight decimals, so that columns line up.
export function formatBtc(value: Sat): string {
  const sign = value < 0n ? '\u2212' : '';
  const whole = value < 0n ? -value : value;
  return `${sign}${grouped((whole / SAT_PER_BTC).toString())}.${(whole % SAT_PER_BTC).toString().padStart(8, '0')}`;
}

// What somebody typed, in satoshi: "2000", "2 000", "2,000", or in BTC with a point: "0.00002", "0.00002 BTC".
// A group after a comma or a blank has three digits. Returns undefined for what is no amount.
export function parseAmount(text: string): Sat | undefined {
  const match = /^([^a-z]*)(sats?|btc)?$/i.exec(text.trim());
  if (!match) return undefined;
  const body = (match[1] ?? '').trim();
  const unit = (match[2] ?? '').toLowerCase();
  const parts = /^(\d+|\d{1,3}(?:[\s,]\d{3})+)(?:\.(\d{1,8}))?$/.exec(body);
  if (!parts) return undefined;
  const whole = BigInt((parts[1] ?? '').replace(/[\s,]/g, ''));
  const fraction = parts[2];
  let value: Sat;
  if (unit === 'btc' || (unit === '' && fraction !== undefined)) {
    value = whole * SAT_PER_BTC + BigInt((fraction ?? '').padEnd(8, '0'));
  } else {
    if (fraction !== undefined) return undefined;
    value = whole;
  }
  return value <= SAT_MAX ? value : undefined;
}
