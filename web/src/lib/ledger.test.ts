import { describe, expect, it } from 'vitest';
import { aboutOf, csvOf, kindOf, type Entry } from './ledger';

const entry: Entry = { number: 3, at_ms: Date.UTC(2026, 10, 22), kind: 'purchase', amount_sat: -2000, after_sat: 98_000, reference: 'transaction/bob/0000000001/0000000007' };
const transaction = '4d'.repeat(32);
const attempt = '6f1b2c3d-0000-4000-8000-00000000000a';

describe('the ledger', () => {
  it('says what each entry is about', () => {
    expect(aboutOf(entry.reference)).toEqual({ href: '/campaigns/bob/1', text: 'bob/1, slot 7' });
    expect(aboutOf('campaign/b.o-b/12')).toEqual({ href: '/campaigns/b.o-b/12', text: 'b.o-b/12' });
    expect(aboutOf('deposit/invoice-17')).toEqual({ text: 'invoice-17' });
  });

  it('leads to the deposit or the withdrawal', () => {
    expect(aboutOf(`deposit/${transaction}:1`)).toEqual({ href: `/account/deposit?show=${transaction}%3A1`, text: '4d4d4d4d…4d4d4d4d:1', title: `${transaction}:1` });
    expect(aboutOf(`withdrawal/ann/${attempt}`)).toEqual({ href: `/account/withdraw?show=${attempt}`, text: '6f1b2c3d', title: attempt });
  });

  it('tells the operator’s credits from payments', () => {
    expect(kindOf({ ...entry, kind: 'deposit', reference: 'deposit/invoice-17' })).toBe('Credit by the operator');
    expect(kindOf({ ...entry, kind: 'deposit', reference: `deposit/${transaction}:0` })).toBe('Bitcoin deposit');
    expect(kindOf({ ...entry, kind: 'reversal', reference: `deposit/${transaction}:0` })).toContain('taken back');
    expect(kindOf({ ...entry, kind: 'refund', reference: `withdrawal/ann/${attempt}` })).toBe('Withdrawal cancelled');
  });

  it('is written as CSV', () => {
    expect(csvOf([entry])).toBe('number,time_utc,kind,amount_sat,balance_sat,reference\r\n3,2026-11-22T00:00:00.000Z,purchase,-2000,98000,transaction/bob/0000000001/0000000007\r\n');
    expect(csvOf([{ ...entry, reference: 'a "b", c' }])).toContain('"a ""b"", c"');
    expect(csvOf([{ ...entry, reference: '=cmd()' }])).toContain("'=cmd()");
    expect(csvOf([])).toBe('number,time_utc,kind,amount_sat,balance_sat,reference\r\n');
  });
});
