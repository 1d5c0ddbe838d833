import { webcrypto } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { attemptFor, freshAttempt } from './attempt';

// Node 18 has it under another name than browsers.
if (!globalThis.crypto) vi.stubGlobal('crypto', webcrypto);

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('the id of a purchase', () => {
  it('is the same for the same purchase', () => {
    expect(attemptFor('secret', 'ann bob/1 7', 0)).toBe(attemptFor('secret', 'ann bob/1 7', 0));
    expect(attemptFor('secret', 'ann bob/1 7', 0)).toMatch(uuid);
  });

  it('is another for every other purchase', () => {
    const seen = new Set<string>();
    let made = 0;
    for (const secret of ['a', 'b', 'ab', 'ba', '']) {
      for (let slot = 0; slot < 4000; slot++) {
        for (const givenUp of [0, 1]) {
          seen.add(attemptFor(secret, `ann bob/1 ${slot}`, givenUp));
          made++;
        }
      }
    }
    expect(seen.size).toBe(made);
  });

  it('is fresh where it is to be', () => {
    expect(freshAttempt()).toMatch(uuid);
    expect(freshAttempt()).not.toBe(freshAttempt());
  });
});
