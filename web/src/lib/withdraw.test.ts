import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { WithdrawalOrder } from './withdraw.svelte';

vi.setConfig({ testTimeout: 60_000 });

// A market that withdraws once for each attempt, behind a network that can be cut before or after.
interface Sent { attempt: string; address: string; amount_sat: number; fee_sat: number }
let paid: Map<string, Sent>;
let sent: Sent[];
let network: ((carryOut: () => Response) => Promise<Response> | Response)[];
let storage: Map<string, string>;
let listeners: ((event: unknown) => void)[];

const problem = (status: number, code: string) => new Response(JSON.stringify({ status, code, detail: code }), { status });
const show = (one: Sent) => ({ user: 'ann', ...one, at_ms: 1, state: 'approved', cancellable: true, refunded: false, lacks_coins: false, payout: null, transaction: null, confirmations: 0 });

function carryOut(one: Sent): Response {
  const before = paid.get(one.attempt);
  if (before && (before.address !== one.address || before.amount_sat !== one.amount_sat)) return problem(409, 'conflict');
  paid.set(one.attempt, one);
  return new Response(JSON.stringify(show(one)), { status: before ? 200 : 201, headers: { 'content-type': 'application/json' } });
}

async function market(target: string, init: RequestInit): Promise<Response> {
  const json = (value: unknown) => new Response(JSON.stringify(value), { status: 200, headers: { 'content-type': 'application/json' } });
  if (target === '/api/me/withdrawals') return json({ withdrawals: [...paid.values()].map(show) });
  if (target === '/api/me') return json({ hold: null, pending: null });
  const one = { attempt: target.split('/').at(-1)!, ...(JSON.parse(init.body as string) as Omit<Sent, 'attempt'>) };
  sent.push(one);
  const way = network.shift();
  return way ? way(() => carryOut(one)) : carryOut(one);
}

const cut = () => Promise.reject(new TypeError('cut'));
const lost = (done: () => Response) => {
  done();
  return cut();
};

// A tab of the browser: modules of its own, the storage is shared.
async function tab(): Promise<WithdrawalOrder> {
  vi.resetModules();
  return (await import('./withdraw.svelte')).orderOf('ann');
}
const order = { address: 'bcrt1qfirst', amount: 25_000n, fee: 500n };
const until = (one: WithdrawalOrder, step: string) => vi.waitFor(() => expect(one.state.step).toBe(step), { timeout: 30_000 });

beforeEach(() => {
  paid = new Map();
  sent = [];
  network = [];
  storage = new Map();
  listeners = [];
  const localStorage = {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => void storage.set(key, value),
    removeItem: (key: string) => void storage.delete(key),
  };
  let turns = Promise.resolve();
  vi.stubGlobal('localStorage', localStorage);
  vi.stubGlobal('window', { addEventListener: (_: string, listener: (event: unknown) => void) => listeners.push(listener), removeEventListener: () => undefined });
  vi.stubGlobal('document', { addEventListener: () => undefined, hidden: false });
  vi.stubGlobal('navigator', { locks: { request: (_: string, work: () => Promise<void>) => (turns = turns.then(work)) } });
  vi.stubGlobal('fetch', market);
});
// What is stubbed stays: the clocks of these tabs tick on, and ask the document whether they are looked at.

describe('a withdrawal is sent', () => {
  it('once, however often it is clicked', async () => {
    const one = await tab();
    one.send(order);
    one.send(order);
    await until(one, 'done');
    one.send(order);
    expect(sent).toHaveLength(1);
    expect([...paid.values()]).toMatchObject([{ address: 'bcrt1qfirst', amount_sat: 25_000, fee_sat: 500 }]);
  });

  it('again, the very same, while its outcome is not known', async () => {
    network = [() => problem(503, 'undecided'), lost];
    const one = await tab();
    one.send(order);
    await until(one, 'unknown');
    await until(one, 'done');
    expect(sent).toHaveLength(3);
    expect(new Set(sent.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(paid.size).toBe(1);
  });

  it('on by a page that is loaded again', async () => {
    let answer = (_: Response) => {};
    network = [(done) => new Promise((resolve) => (answer = () => resolve(done())))];
    const before = await tab();
    before.send(order);
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect([...storage.values()].some((text) => text.includes(sent[0]!.attempt))).toBe(true); // written down before
    vi.stubGlobal('navigator', {}); // the lock went with the page
    const after = await tab();
    await until(after, 'done');
    answer(new Response());
    expect(new Set(sent.map((each) => each.attempt)).size).toBe(1);
    expect(paid.size).toBe(1);
  });

  it('once by two tabs, also where there are no locks and one has not heard of the other', async () => {
    vi.stubGlobal('navigator', {});
    const [first, second] = [await tab(), await tab()];
    first.send(order);
    storage.delete('abc2.withdrawal.ann');
    second.send(order);
    await until(first, 'done');
    await until(second, 'done');
    expect(new Set(sent.map((each) => each.attempt)).size).toBe(1);
    expect(paid.size).toBe(1);
  });

  it('as another one only after the outcome was read', async () => {
    const one = await tab();
    one.send(order);
    await until(one, 'done');
    const again = await tab();
    expect(again.state.step).toBe('done');
    again.next();
    again.send(order);
    await until(again, 'done');
    expect(new Set(sent.map((each) => each.attempt)).size).toBe(2);
    expect(paid.size).toBe(2);
  });
});

describe('a withdrawal that is refused', () => {
  it('can be corrected', async () => {
    network = [() => problem(400, 'invalid_argument')];
    const one = await tab();
    one.send(order);
    await until(one, 'refused');
    one.send({ ...order, address: 'bcrt1qother' });
    await until(one, 'done');
    expect([...paid.values()].map((each) => each.address)).toEqual(['bcrt1qother']);
  });

  it('after an earlier try that came through late is that earlier one, not a second', async () => {
    let late = () => {};
    network = [(done) => {
      late = () => void done();
      return cut();
    }, () => problem(402, 'insufficient_funds')];
    const one = await tab();
    one.send(order);
    await until(one, 'refused');
    late(); // now it is carried out
    one.send({ ...order, amount: 20_000n });
    await until(one, 'done');
    expect(paid.size).toBe(1);
    expect(one.state).toMatchObject({ withdrawal: { amount_sat: 25_000 } });
  });

  it('by a session that has ended leaves the earlier tries open', async () => {
    network = [lost, () => problem(401, 'unauthenticated')];
    const one = await tab();
    one.send(order);
    await until(one, 'refused');
    const again = await tab();
    expect(again.state.step).toBe('unfinished');
    await again.findOut();
    expect(again.state).toMatchObject({ step: 'done', withdrawal: { address: 'bcrt1qfirst' } });
    expect(paid.size).toBe(1);
  });
});

describe('a withdrawal that was sent long ago', () => {
  const old = { attempt: '00000000-0000-4000-8000-00000000000b', address: 'bcrt1qold', amount: '10000', fee: '500', sentAt: 1 };

  it('is not sent by itself, but asked for first', async () => {
    storage.set('abc2.withdrawal.ann', JSON.stringify(old));
    const one = await tab();
    expect(one.state.step).toBe('unfinished');
    await one.findOut();
    expect(one.state.step).toBe('ready');
    expect(sent).toEqual([]);
  });

  it('is gone on with when asked to', async () => {
    storage.set('abc2.withdrawal.ann', JSON.stringify(old));
    const one = await tab();
    one.goOn();
    await until(one, 'done');
    expect(sent).toEqual([{ attempt: old.attempt, address: 'bcrt1qold', amount_sat: 10_000, fee_sat: 500 }]);
  });
});
