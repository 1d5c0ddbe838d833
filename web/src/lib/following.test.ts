import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

// One stream of events, in the hands of the test.
class Source extends EventTarget {
  static open: Source[] = [];
  readonly url: string;
  constructor(url: string) {
    super();
    this.url = url;
    Source.open.push(this);
  }
  close(): void {
    Source.open = Source.open.filter((one) => one !== this);
  }
  say(): void {
    this.dispatchEvent(new MessageEvent('bitcoin', { data: '{"height":1}' }));
  }
}

let network: string | null;
let lists: number;
let answer: () => Promise<void>;
const json = (value: unknown) => new Response(JSON.stringify(value), { headers: { 'content-type': 'application/json' } });

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetModules();
  Source.open = [];
  network = 'regtest';
  lists = 0;
  answer = () => Promise.resolve();
  vi.stubGlobal('EventSource', Source);
  vi.stubGlobal('window', { addEventListener: () => undefined });
  vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: false }));
  vi.stubGlobal('fetch', () => Promise.resolve(json({ network, height: 1, deposits: null, withdrawals: null })));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function follow() {
  const { Following } = await import('./following.svelte');
  const following = new Following<number>(async () => {
    const now = ++lists;
    await answer();
    return { ok: true, status: 200, data: [now] };
  }, () => 15_000);
  await vi.advanceTimersByTimeAsync(0);
  return following;
}

describe('what bitcoin changes', () => {
  it('is asked for again at every event, and once more when things have settled', async () => {
    const following = await follow();
    expect(following.rows).toEqual([1]);
    expect(Source.open.map((one) => one.url)).toEqual(['/api/me/bitcoin/events']);
    Source.open[0]!.say();
    await vi.advanceTimersByTimeAsync(0);
    expect(following.rows).toEqual([2]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(following.rows).toEqual([3]);
    await vi.advanceTimersByTimeAsync(14_000);
    expect(following.rows).toEqual([3]);
    following.close();
  });

  it('is asked for without events, too', async () => {
    const following = await follow();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(following.rows).toEqual([2]);
    following.close();
  });

  it('is asked for once more when an event comes while it is being asked for', async () => {
    const following = await follow();
    let release = () => {};
    answer = () => new Promise((resolve) => (release = resolve));
    Source.open[0]!.say();
    await vi.advanceTimersByTimeAsync(0);
    Source.open[0]!.say();
    Source.open[0]!.say();
    await vi.advanceTimersByTimeAsync(0);
    expect(lists).toBe(2);
    answer = () => Promise.resolve();
    release();
    await vi.advanceTimersByTimeAsync(0);
    expect(following.rows).toEqual([3]);
    following.close();
  });

  it('is followed again when the connection was lost', async () => {
    const following = await follow();
    Source.open[0]!.dispatchEvent(new Event('error'));
    expect(Source.open).toEqual([]);
    expect(following.state).toBe('waiting');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(Source.open).toHaveLength(1);
    following.close();
  });

  it('is not asked for where bitcoin is off', async () => {
    network = null;
    const following = await follow();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(following.terms?.network).toBeNull();
    expect([lists, Source.open.length]).toEqual([0, 0]);
    following.close();
  });

  it('is left alone by a page that was closed', async () => {
    const following = await follow();
    following.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([lists, Source.open.length]).toEqual([1, 0]);
  });

  it('is left alone by a page that was closed while it asked', async () => {
    let release = () => {};
    answer = () => new Promise((resolve) => (release = resolve));
    const following = await follow();
    following.close();
    release();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([lists, Source.open.length]).toEqual([1, 0]);
  });
});
