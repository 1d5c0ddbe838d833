// What an answer to a purchase means for the buyer, and what the page does next. Decided here, apart from the page, so
// that each case can be tested.
import type { Problem } from './api/client';

export type Refusal =
  | 'taken' // somebody else was faster
  | 'moved' // it costs more than was agreed to
  | 'funds' // the balance does not cover it
  | 'not_next' // another slot is the next one
  | 'category' // the seller does not want this ad's category
  | 'ended' // this attempt can never succeed
  | 'session' // log in again
  | 'forbidden'
  | 'missing' // the campaign or the ad does not exist
  | 'limit'
  | 'invalid';

export type Verdict =
  | { kind: 'repeat' } // not known: the very same request again
  | { kind: 'wait' } // another purchase of the account comes first
  | { kind: 'refused'; why: Refusal }; // nothing was charged

const REFUSALS: Record<string, Refusal> = {
  slot_taken: 'taken',
  price_above_limit: 'moved',
  insufficient_funds: 'funds',
  conflict: 'not_next',
  category_refused: 'category',
  attempt_ended: 'ended',
  unauthenticated: 'session',
  forbidden: 'forbidden',
  not_found: 'missing',
  limit_reached: 'limit',
};

export function verdictOf(problem: Problem): Verdict {
  if (problem.status === 423) return { kind: 'wait' };
  // No answer, a server in trouble, or one that has too much to do: it may have been carried out, or will be.
  if (problem.status === 0 || problem.status >= 500 || problem.status === 408 || problem.status === 429) return { kind: 'repeat' };
  return { kind: 'refused', why: REFUSALS[problem.code] ?? 'invalid' };
}

// A refusal that was spoken before the market was asked says nothing about an earlier try of the same request.
export function settlesEarlierTries(why: Refusal): boolean {
  return why !== 'session' && why !== 'forbidden' && why !== 'invalid';
}

// How long to wait before the try after `tries` ones.
export function waitMs(tries: number, problem: Problem): number {
  const asked = Number(problem.members['retry_after_s']) * 1000;
  const own = Math.min(500 * 2 ** Math.max(0, tries - 1), 5000);
  return Number.isFinite(asked) ? Math.min(Math.max(own, asked), 10_000) : own;
}

// What was sent is gone on with by itself for so long after it was sent; later the buyer is asked first, who may not
// want it any more.
export const GOES_ON_MS = 2 * 60_000;
