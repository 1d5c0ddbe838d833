import { describe, expect, it } from 'vitest';
import type { Problem } from './api/client';
import { settlesEarlierTries, verdictOf, waitMs } from './verdict';

const problem = (status: number, code: string, members: Record<string, unknown> = {}): Problem => ({ status, code, detail: '', members });

describe('the answer to a purchase', () => {
  it.each([
    [402, 'insufficient_funds', 'funds'], [409, 'slot_taken', 'taken'], [409, 'price_above_limit', 'moved'], [409, 'conflict', 'not_next'],
    [410, 'attempt_ended', 'ended'], [422, 'category_refused', 'category'], [422, 'limit_reached', 'limit'], [401, 'unauthenticated', 'session'],
    [403, 'forbidden', 'forbidden'], [404, 'not_found', 'missing'], [400, 'invalid_argument', 'invalid'], [418, 'teapot', 'invalid'],
  ] as const)('%i %s is a refusal: %s', (status, code, why) => {
    expect(verdictOf(problem(status, code))).toEqual({ kind: 'refused', why });
  });

  it.each([[0, 'unreachable'], [500, 'corrupt'], [502, 'http_502'], [503, 'undecided'], [503, 'unavailable'], [503, 'too_busy'], [504, 'http_504'], [429, 'too_many_requests']])(
    '%i %s is repeated: it may have been carried out', (status, code) => {
      expect(verdictOf(problem(status, code))).toEqual({ kind: 'repeat' });
    });

  it('waits for another purchase of the account', () => expect(verdictOf(problem(423, 'account_held'))).toEqual({ kind: 'wait' }));

  it('settles earlier tries only if the market was asked', () => {
    expect(settlesEarlierTries('taken')).toBe(true);
    expect(settlesEarlierTries('funds')).toBe(true);
    expect(settlesEarlierTries('session')).toBe(false);
  });

  it('is waited for longer and longer, and as long as the server asks', () => {
    expect([1, 2, 3, 4, 5, 9].map((tries) => waitMs(tries, problem(0, 'unreachable')))).toEqual([500, 1000, 2000, 4000, 5000, 5000]);
    expect(waitMs(1, problem(503, 'undecided', { retry_after_s: 3 }))).toBe(3000);
    expect(waitMs(1, problem(503, 'undecided', { retry_after_s: 3000 }))).toBe(10_000);
  });
});
