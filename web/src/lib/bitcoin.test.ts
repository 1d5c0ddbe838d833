import { describe, expect, it } from 'vitest';
import type { BitcoinDeposit, Problem, Withdrawal } from './api/client';
import { addressOf, amountWrong, catchingUp, depositSaid, everything, fieldOf, inGroups, isMoving, needsApproval, networkWarning, shortId, tableInWords, withdrawalSaid } from './bitcoin';

const id = '4d'.repeat(31) + 'a1';
const deposit: BitcoinDeposit = { id: `${id}:1`, transaction: id, address: 'bcrt1q', amount_sat: 25_000, at_ms: 0, state: 'seen', confirmations: 0, needed: 3, credited_sat: 0, owed_sat: 0 };
const withdrawal: Withdrawal = {
  user: 'ann', attempt: '00000000-0000-4000-8000-000000000000', address: 'bcrt1q', amount_sat: 25_000, fee_sat: 500, at_ms: 0, state: 'waiting', cancellable: true, refunded: false, lacks_coins: false, payout: null, transaction: null, confirmations: 0,
};
const terms = { fee_sat: 500, least_sat: 10_000, approval_from_sat: 1_000_000, final_after: 6 };

describe('addresses and transactions', () => {
  it('are written in groups of four', () => {
    expect(inGroups('bc1qw508d6')).toEqual(['bc1q', 'w508', 'd6']);
    expect(inGroups('')).toEqual([]);
    expect(inGroups('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4').join('')).toBe('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4');
  });
  it('are shortened', () => {
    expect(shortId(id)).toBe('4d4d4d4d…4d4d4da1');
    expect(shortId(`${id}:12`)).toBe('4d4d4d4d…4d4d4da1:12');
    expect(shortId('short')).toBe('short');
  });
  it('may be pasted as a link', () => {
    expect(addressOf(' bc1qw508 ')).toBe('bc1qw508');
    expect(addressOf('bitcoin:bc1qw508?amount=1')).toBe('bc1qw508');
    expect(addressOf('BITCOIN:BC1QW508')).toBe('BC1QW508');
  });
});

describe('the terms in words', () => {
  it('say after how many confirmations', () => {
    expect(tableInWords([{ from_sat: 100_000_000, needed: 6 }, { from_sat: 0, needed: 3 }])).toBe('It is credited after 3 confirmations; from 1 BTC on after 6.');
    expect(tableInWords([{ from_sat: 0, needed: 1 }])).toBe('It is credited after 1 confirmation.');
    expect(tableInWords([{ from_sat: 0, needed: 1 }, { from_sat: 10_000, needed: 2 }, { from_sat: 250_000_000, needed: 3 }, { from_sat: 10_000_000_000, needed: 6 }]))
      .toBe('It is credited after 1 confirmation; from 10\u202f000 sat on after 2; from 2.5 BTC on after 3; from 100 BTC on after 6.');
    expect(tableInWords([])).toBe('');
  });
  it('warn of coins that are worth nothing', () => {
    expect(networkWarning('main')).toBeNull();
    for (const network of ['test', 'signet', 'regtest'] as const) expect(networkWarning(network)).toContain('Do not send real bitcoin');
  });
});

describe('a deposit', () => {
  it.each([
    [{ state: 'seen' }, 'seen', { at: 0, of: 3 }, 'no block has it yet'],
    [{ state: 'seen', needed: 0 }, 'seen', null, 'no block has it yet'],
    [{ state: 'confirming', confirmations: 1 }, '1 of 3 confirmations', { at: 1, of: 3 }, '2 more blocks'],
    [{ state: 'confirming', confirmations: 2 }, '2 of 3 confirmations', { at: 2, of: 3 }, '1 more block on'],
    [{ state: 'confirming', confirmations: 1, needed: 0 }, '1 confirmation', null, 'once it is deep enough'],
    [{ state: 'credited', confirmations: 3, credited_sat: 25_000 }, 'credited', null, 'in your balance, with 3 confirmations'],
    [{ state: 'orphaned' }, 'out of the chain', null, 'left by the chain'],
    [{ state: 'reversed' }, 'taken back', null, 'nothing is owed'],
    [{ state: 'reversed', owed_sat: 20_000 }, 'taken back', null, '20\u202f000 sat are still owed'],
  ] as const)('%o', (more, label, progress, text) => {
    const said = depositSaid({ ...deposit, ...more });
    expect(said.label).toBe(label);
    expect(said.progress).toEqual(progress);
    expect(said.text).toContain(text);
    expect(said.final).not.toBe('');
  });
  it('says whether anything was credited before its block was left', () => {
    expect(depositSaid({ ...deposit, state: 'orphaned' }).final).toBe('Nothing was credited.');
    expect(depositSaid({ ...deposit, state: 'orphaned', credited_sat: 25_000 }).final).toContain('is taken back');
  });
});

describe('a withdrawal', () => {
  it.each([
    [{ state: 'waiting' }, 'waits for approval', 'operator’s approval', 'all the money comes back', 'can still'],
    [{ state: 'waiting', lacks_coins: true }, 'waits for approval', 'operator’s approval', 'After the approval: it waits until the operator’s wallet has coins', 'can still'],
    [{ state: 'approved' }, 'to be paid', 'may be paid', 'next payment', 'can still'],
    [{ state: 'approved', lacks_coins: true }, 'waits for coins', 'may be paid', 'until the operator’s wallet has coins', 'can still'],
    [{ state: 'claimed', cancellable: false }, 'being signed', 'being made', 'sent to the network', 'cannot be cancelled'],
    [{ state: 'signed', cancellable: false }, 'sent', 'no block has it', 'sent again', 'cannot be cancelled'],
    [{ state: 'signed', cancellable: false, confirmations: 2 }, '2 of 6 confirmations', 'in a block', 'final with 6 confirmations', 'cannot be cancelled'],
    [{ state: 'final', cancellable: false, confirmations: 6 }, 'final', 'deep in the chain', '', 'It is final'],
    [{ state: 'cancelled', cancellable: false }, 'cancelled', 'cancelled', 'in a moment', 'nothing will be'],
    [{ state: 'cancelled', cancellable: false, refunded: true }, 'cancelled', 'back in your balance', '', 'nothing will be'],
  ] as const)('%o', (more, label, text, next, final) => {
    const said = withdrawalSaid({ ...withdrawal, ...more }, 6);
    expect(said.label).toBe(label);
    expect(said.text).toContain(text);
    expect(said.next).toContain(next);
    expect(said.final).toContain(final);
  });
  it('shows how deep it is', () => {
    expect(withdrawalSaid({ ...withdrawal, state: 'signed', confirmations: 2 }, 6).progress).toEqual({ at: 2, of: 6 });
    expect(withdrawalSaid({ ...withdrawal, state: 'signed', confirmations: 9 }, 6).progress).toEqual({ at: 6, of: 6 });
    expect(withdrawalSaid({ ...withdrawal, state: 'signed', confirmations: 2 }, null)).toMatchObject({ progress: null, label: '2 confirmations' });
  });
  it('is looked at often while it moves without blocks', () => {
    expect((['waiting', 'approved', 'claimed'] as const).every((state) => isMoving({ ...withdrawal, state }, 6))).toBe(true);
    expect((['signed', 'final'] as const).some((state) => isMoving({ ...withdrawal, state, confirmations: 5 }, 6))).toBe(false);
    expect(isMoving({ ...withdrawal, state: 'signed', confirmations: 6 }, 6)).toBe(true);
    expect(isMoving({ ...withdrawal, state: 'cancelled' }, 6)).toBe(true);
    expect(isMoving({ ...withdrawal, state: 'cancelled', refunded: true }, 6)).toBe(false);
  });
  it('is of what the balance has, the fee besides', () => {
    expect(everything(25_000n, terms)).toBe(24_500n);
    expect(everything(500n, terms)).toBe(0n);
    expect(everything(0n, terms)).toBe(0n);
    expect(amountWrong(24_500n, 25_000n, terms)).toBeNull();
    expect(amountWrong(24_501n, 25_000n, terms)).toContain('1 sat more than your balance');
    expect(amountWrong(9_999n, 25_000n, terms)).toContain('At least 10\u202f000 sat');
    expect(amountWrong(undefined, 25_000n, terms)).toContain('no amount');
  });
  it('waits for the operator from a sum within a day on', () => {
    const now = 10 * 24 * 3600_000;
    const earlier = { ...withdrawal, amount_sat: 900_000, at_ms: now - 1000 };
    expect(needsApproval(1_000_000n, [], now, terms)).toBe(true);
    expect(needsApproval(999_999n, [], now, terms)).toBe(false);
    expect(needsApproval(100_000n, [earlier], now, terms)).toBe(true);
    expect(needsApproval(99_999n, [earlier], now, terms)).toBe(false);
    expect(needsApproval(100_000n, [{ ...earlier, state: 'cancelled' }], now, terms)).toBe(false);
    expect(needsApproval(100_000n, [{ ...earlier, at_ms: now - 25 * 3600_000 }], now, terms)).toBe(false);
  });
  it('is refused at the field concerned', () => {
    const problem = (code: string, detail: string, members = {}): Problem => ({ status: 400, code, detail, members });
    expect(fieldOf(problem('invalid_argument', 'x', { field: 'address' }))).toBe('address');
    expect(fieldOf(problem('invalid_argument', 'the address is bad', { field: 'amount_sat' }))).toBe('amount');
    expect(fieldOf(problem('invalid_argument', 'this is no bitcoin address'))).toBe('address');
    expect(fieldOf(problem('invalid_argument', 'at least 10000 satoshi can be withdrawn'))).toBe('amount');
    expect(fieldOf(problem('insufficient_funds', 'the balance does not cover it'))).toBe('amount');
    expect(fieldOf(problem('conflict', 'the address was another one'))).toBeNull();
  });
});

describe('a market that catches up', () => {
  it('knows how far it is', () => {
    expect(catchingUp(100, [400, null, 380])).toEqual({ at: 100, of: 400 });
    expect(catchingUp(null, [400])).toEqual({ at: 0, of: 400 });
    expect(catchingUp(400, [400])).toBeNull();
    expect(catchingUp(401, [400])).toBeNull();
    expect(catchingUp(3, [null])).toBeNull();
  });
});
