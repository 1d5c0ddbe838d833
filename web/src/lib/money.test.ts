import { describe, expect, it } from 'vitest';
import { formatBtc, formatSat, jsonSat, parseAmount, sat, SAT_MAX } from './money';

describe('amounts', () => {
  it('come from the API exactly or not at all', () => {
    expect(sat(2_100_000_000_000_000)).toBe(SAT_MAX);
    expect(sat(0)).toBe(0n);
    for (const wrong of [1.5, NaN, Infinity, 2 ** 53]) expect(() => sat(wrong)).toThrow(RangeError);
    expect(jsonSat(SAT_MAX)).toBe(2_100_000_000_000_000);
    expect(() => jsonSat(SAT_MAX + 1n)).toThrow(RangeError);
  });

  it('are shown in satoshi and in BTC', () => {
    expect(formatSat(0n)).toBe('0');
    expect(formatSat(999n)).toBe('999');
    expect(formatSat(1_234_567n)).toBe('1\u202f234\u202f567');
    expect(formatSat(-1000n)).toBe('\u22121\u202f000');
    expect(formatBtc(1n)).toBe('0.00000001');
    expect(formatBtc(-150_000_000n)).toBe('\u22121.50000000');
    expect(formatBtc(SAT_MAX)).toBe('21\u202f000\u202f000.00000000');
    // 0.1 + 0.2 and the like: every one of these would be wrong in floating point.
    for (const value of [30_000_000n, 110_000_001n, 2_099_999_999_999_999n]) {
      expect(parseAmount(formatBtc(value) + ' BTC')).toBe(value);
      expect(parseAmount(formatSat(value))).toBe(value);
    }
  });

  it('are read as people write them', () => {
    for (const [text, value] of [
      ['2000', 2000n], [' 2 000 sat', 2000n], ['2,000', 2000n], ['2 000 sats', 2000n], ['1 BTC', 100_000_000n],
      ['0.00002', 2000n], ['0.00000001 btc', 1n], ['21,000,000.00000000', SAT_MAX], ['0', 0n],
    ] as const) {
      expect(parseAmount(text), text).toBe(value);
    }
    for (const text of ['', '-1', '1.5 sat', '1.123456789', '2,00', '1e3', '0x10', 'NaN', '1 2', '21000001 btc', '.5', '5.', '1,0000']) {
      expect(parseAmount(text), text).toBeUndefined();
    }
  });
});
