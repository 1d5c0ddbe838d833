import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Answer, Campaign } from './api/client';
import { Places, type Question } from './places.svelte';

const campaign = (number: number, next = 1): Campaign => ({
  seller: 'sue', number, title: `Place ${number}`, about: '', page: 'https://sue.example/', width_px: 300, height_px: 250, refused_categories: [],
  floor_sat: 1000, slot_length_ms: 3_600_000, fallback: null, created_at_ms: 0, sold: 0, earned_sat: 0, collected_sat: 0, last_sale: null,
  next: { number: next, price_sat: 1000, starts_at_ms: 0, at_ms: 0, href: `/api/campaigns/sue/${number}/slots/${next}` },
});

interface Page {
  campaigns: Campaign[];
  next: string | null;
  found: number;
  complete: boolean;
  sizes: { width_px: number; height_px: number; campaigns: number }[];
}
const page = (numbers: number[], next: string | null = null, more: Partial<Page> = {}): Page => ({
  campaigns: numbers.map((number) => campaign(number)), next, found: numbers.length, complete: true, sizes: [], ...more,
});
const question = (q = '', sort = 'price'): Question => ({ q, size: '', sort });

// Requests wait until the test answers them.
let asked: { q: string; cursor: string; answer: (answer: Answer<Page>) => void }[];
let places: Places;
const names = () => places.list.map(({ name }) => name);
const answer = async (which: number, data: Page) => {
  asked[which]!.answer({ ok: true, status: 200, data });
  await vi.advanceTimersByTimeAsync(0);
};
const fail = async (which: number) => {
  asked[which]!.answer({ ok: false, problem: { status: 0, code: 'unreachable', detail: 'nobody there', members: {} } });
  await vi.advanceTimersByTimeAsync(0);
};

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  places = new Places(({ q }, cursor) => new Promise((resolve) => asked.push({ q, cursor, answer: resolve })));
});
afterEach(() => {
  places.close();
  vi.useRealTimers();
});

describe('Places', () => {
  it('shows page after page, each place once', async () => {
    void places.ask(question());
    expect(places.loading).toBe(true);
    await answer(0, page([1, 2], 'two', { found: 4 }));
    expect([places.loading, places.more, places.found]).toEqual([false, true, 4]);
    void places.showMore();
    void places.showMore(); // somebody clicks twice
    expect(asked.map(({ cursor }) => cursor)).toEqual(['', 'two']);
    await answer(1, page([2, 3], null, { found: 4 }));
    expect(names()).toEqual(['sue/1', 'sue/2', 'sue/3']);
    expect(places.more).toBe(false);
  });

  it('asks once when somebody types, and only the newest question is answered', async () => {
    void places.ask(question());
    await answer(0, page([1]));
    places.soon(question('r'));
    await vi.advanceTimersByTimeAsync(100);
    places.soon(question('ri'));
    await vi.advanceTimersByTimeAsync(100);
    expect(asked.length).toBe(1);
    expect([places.loading, names()]).toEqual([true, ['sue/1']]); // what is there stays
    await vi.advanceTimersByTimeAsync(200);
    expect(asked.map(({ q }) => q)).toEqual(['', 'ri']);
    void places.ask(question('river'));
    await answer(2, page([7]));
    await answer(1, page([5, 6])); // late
    expect(names()).toEqual(['sue/7']);
    expect(places.question?.q).toBe('river');
  });

  it('drops the next page of a question that has changed', async () => {
    void places.ask(question());
    await answer(0, page([1], 'two'));
    void places.showMore();
    places.soon(question('x'));
    await answer(1, page([2]));
    expect(names()).toEqual(['sue/1']);
    await vi.advanceTimersByTimeAsync(200);
    await answer(2, page([9]));
    expect([names(), places.adding]).toEqual([['sue/9'], false]);
  });

  it('takes what is heard of a place, if it is later', async () => {
    void places.ask(question());
    await answer(0, page([1, 2]));
    places.heard(campaign(2, 5));
    places.heard(campaign(2, 4));
    places.heard(campaign(3, 9));
    expect(places.list.map(({ raw }) => raw.next.number)).toEqual([1, 5]);
    // An answer may be older than what was heard.
    void places.again();
    await answer(1, page([2, 1]));
    expect(places.list.map(({ name, raw }) => [name, raw.next.number])).toEqual([['sue/2', 5], ['sue/1', 1]]);
  });

  it('keeps what it shows when something goes wrong', async () => {
    void places.ask(question());
    await fail(0);
    expect([places.problem?.code, places.loading]).toEqual(['unreachable', false]);
    void places.again();
    await answer(1, page([1], 'two'));
    expect(places.problem).toBeNull();
    void places.showMore();
    await fail(2);
    expect([places.problem?.code, names(), places.more]).toEqual(['unreachable', ['sue/1'], true]);
    void places.again(); // of the page that failed, not of the first
    expect(asked[3]!.cursor).toBe('two');
    await answer(3, page([2]));
    expect([places.problem, names()]).toEqual([null, ['sue/1', 'sue/2']]);
  });

  it('looks again by itself, sooner while the server is still looking, and not once later pages are shown', async () => {
    void places.ask(question());
    await answer(0, page([1], 'two', { complete: false }));
    await vi.advanceTimersByTimeAsync(3_000);
    expect(asked.length).toBe(2);
    await answer(1, page([1, 2], 'two'));
    await vi.advanceTimersByTimeAsync(29_000);
    expect(asked.length).toBe(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked.length).toBe(3);
    expect(places.loading).toBe(false); // nobody is told of that
    await answer(2, page([1, 2, 3], 'two'));
    void places.showMore();
    await answer(3, page([4]));
    await vi.advanceTimersByTimeAsync(120_000);
    expect(asked.length).toBe(4);
    places.close();
  });
});
