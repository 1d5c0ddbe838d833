import { describe, expect, it } from 'vitest';
import { aboutOf, csvOf, type Entry } from './ledger';

const entry: Entry = { number: 3, at_ms: Date.UTC(2026, 10, 22), kind: 'purchase', amount_sat: -2000, after_sat: 98_000, reference: 'transaction/bob/0000000001/0000000007' };

describe('the ledger', () => {
  it('says what each entry is about', () => {
    expect(aboutOf(entry.reference)).toEqual({ href: '/campaigns/bob/1', text: 'bob/1, slot 7' });
    expect(aboutOf('campaign/b.o-b/12')).toEqual({ href: '/campaigns/b.o-b/12', text: 'b.o-b/12' });
    expect(aboutOf('deposit/invoice-17')).toBeNull();
  });

  it('is written as CSV', () => {
    expect(csvOf([entry])).toBe('number,time_utc,kind,amount_sat,balance_sat,reference\r\n3,2026-11-22T00:00:00.000Z,purchase,-2000,98000,transaction/bob/0000000001/0000000007\r\n');
    expect(csvOf([{ ...entry, reference: 'a "b", c' }])).toContain('"a ""b"", c"');
    expect(csvOf([{ ...entry, reference: '=cmd()' }])).toContain("'=cmd()");
    expect(csvOf([])).toBe('number,time_utc,kind,amount_sat,balance_sat,reference\r\n');
  });
});
