// The purchase of one slot by one user, in one browser: however often it is clicked, in however many tabs, and across
// reloads, it is one request with one attempt id, sent again and again until its outcome is known.
//
//   const purchase = purchaseOf('ann', 'bob', 1, 7);
//   purchase.buy({ filler: 3, highest: 2000n });
//   purchase.state.step ...                       what to show
//
// What was sent is written down before it is sent. Tabs take turns by a lock where the browser has locks; where it has
// none, or while what another tab wrote has not arrived yet, they may send the same request twice, which the market
// answers as one.
import { api, type Problem, type Sale } from './api/client';
import { attemptFor } from './attempt';
import { jsonSat, type Sat } from './money';
import { onRemembered, recall, remember } from './storage';
import { GOES_ON_MS, settlesEarlierTries, verdictOf, waitMs, type Refusal } from './verdict';
import { browserSecret, inTurn, readWritten, writeDown as write } from './written';

export interface Order {
  filler: number;
  highest: Sat;
}

export type PurchaseState =
  | { step: 'ready' }
  | { step: 'sending'; since: number }
  | { step: 'elsewhere'; since: number } // another tab is at it, or this one was before it was loaded again
  | { step: 'unknown'; since: number; tries: number; why: string }
  | { step: 'held'; since: number; tries: number; problem: Problem }
  | { step: 'unfinished'; since: number; checking: boolean; why: string } // sent some time ago, outcome unknown
  | { step: 'bought'; sale: Sale; repeated: boolean }
  | { step: 'refused'; why: Refusal; problem: Problem };

interface Written {
  filler: number;
  highest: string;
  sentAt: number;
  paused?: boolean;
  sale?: Sale;
}

const KEEP_MS = 7 * 24 * 3600 * 1000;

const browser = browserSecret();

const read = (name: string) => readWritten<Written>(name);

class Purchase {
  state = $state.raw<PurchaseState>({ step: 'ready' });
  readonly user: string;
  readonly seller: string;
  readonly campaign: number;
  readonly slot: number;
  readonly #name: string;
  #running = false;
  #stop = false;

  constructor(user: string, seller: string, campaign: number, slot: number) {
    this.user = user;
    this.seller = seller;
    this.campaign = campaign;
    this.slot = slot;
    this.#name = `purchase.${user}.${seller}/${campaign}/${slot}`;
    onRemembered((name) => {
      if (name === this.#name) this.#look();
    });
    this.#look();
  }

  get busy(): boolean {
    return this.#running || this.state.step === 'elsewhere';
  }

  buy(order: Order): void {
    if (this.busy || this.state.step === 'bought') return;
    void this.#run(order);
  }

  // Stops repeating. What was sent may have been carried out all the same.
  pause(): void {
    this.#stop = true;
  }

  // Sends again what was sent before.
  goOn(): void {
    const written = read(this.#name);
    if (!written || this.#running) return;
    write(this.#name, { ...written, paused: false, sentAt: Date.now() });
    void this.#run();
  }

  // Back to the offer, after the buyer has read the answer.
  dismiss(): void {
    if (this.state.step !== 'refused') return;
    this.state = { step: 'ready' };
    this.#look();
  }

  // Finds out what became of an old request, without sending it again.
  async findOut(): Promise<void> {
    const written = read(this.#name);
    if (!written || this.#running) return;
    const unfinished = (checking: boolean, why = '') => {
      this.state = { step: 'unfinished', since: written.sentAt, checking, why };
    };
    unfinished(true);
    // The first slot from ours on that is not void says it.
    const found = await api('get', '/api/campaigns/{seller}/{c}/slots', { path: { seller: this.seller, c: this.campaign }, query: { before: this.slot + 100, limit: 100 } });
    if (!found.ok) return unfinished(false, found.problem.detail);
    const decided = found.data.slots.filter((slot) => slot.number >= this.slot && slot.state !== 'void').at(-1);
    if (decided?.buyer === this.user) return this.#bought(written, decided as Sale, true);
    if (decided) {
      write(this.#name, null);
      const detail = `slot ${decided.number} belongs to ${decided.buyer}`;
      this.state = { step: 'refused', why: 'taken', problem: { status: 409, code: 'slot_taken', detail, members: {} } };
      return;
    }
    const me = await api('get', '/api/me');
    if (!me.ok) return unfinished(false, me.problem.detail);
    if (me.data.hold) return unfinished(false, 'the account still has a hold, which is being resolved; ask again in a moment');
    write(this.#name, null);
    this.state = { step: 'ready' };
  }

  // What this browser has written down, at first and whenever another tab has changed it.
  #look(): void {
    if (this.#running) return;
    const written = read(this.#name);
    if (!written) {
      if (this.state.step === 'elsewhere' || this.state.step === 'unfinished') this.state = { step: 'ready' };
    } else if (written.sale) {
      this.state = { step: 'bought', sale: written.sale, repeated: true };
    } else if (written.paused || Date.now() - written.sentAt > GOES_ON_MS) {
      this.state = { step: 'unfinished', since: written.sentAt, checking: false, why: '' };
    } else {
      this.state = { step: 'elsewhere', since: written.sentAt };
      void this.#run();
    }
  }

  async #run(order?: Order): Promise<void> {
    this.#running = true;
    this.#stop = false;
    if (order) this.state = { step: 'sending', since: Date.now() };
    try {
      await inTurn(this.#name, () => this.#inMyTurn(order));
    } finally {
      this.#running = false;
    }
  }

  async #inMyTurn(order?: Order): Promise<void> {
    let written = read(this.#name);
    if (written?.sale) {
      this.state = { step: 'bought', sale: written.sale, repeated: true };
      return;
    }
    const earlier = written !== null;
    if (!written) {
      if (!order) {
        this.state = { step: 'ready' };
        return;
      }
      written = { filler: order.filler, highest: order.highest.toString(), sentAt: Date.now() };
      write(this.#name, written);
    }
    await this.#send(written, earlier);
  }

  async #send(written: Written, earlier: boolean): Promise<void> {
    const since = Date.now();
    if (this.state.step !== 'elsewhere') this.state = { step: 'sending', since };
    for (let tries = 1; ; tries++) {
      const answer = await api('put', '/api/campaigns/{seller}/{c}/slots/{n}', {
        path: { seller: this.seller, c: this.campaign, n: this.slot },
        body: { attempt: this.#attempt(), filler: written.filler, highest_price_sat: jsonSat(BigInt(written.highest)) },
      });
      if (answer.ok) return this.#bought(written, answer.data, answer.status === 200);
      const { problem } = answer;
      const verdict = verdictOf(problem);
      if (verdict.kind === 'refused') return this.#refused(written, verdict.why, problem, earlier || tries > 1);
      this.state = verdict.kind === 'wait' ? { step: 'held', since, tries, problem } : { step: 'unknown', since, tries, why: problem.detail };
      const until = Date.now() + waitMs(tries, problem);
      while (!this.#stop && Date.now() < until) await new Promise((done) => setTimeout(done, 100));
      if (!this.#stop) continue;
      if (verdict.kind === 'wait' && !earlier && tries === 1) {
        write(this.#name, null); // refused before anything began
        this.state = { step: 'ready' };
      } else {
        write(this.#name, { ...written, paused: true });
        this.state = { step: 'unfinished', since: written.sentAt, checking: false, why: '' };
      }
      return;
    }
  }

  #bought(written: Written, sale: Sale, repeated: boolean): void {
    write(this.#name, { ...written, sale });
    this.state = { step: 'bought', sale, repeated };
  }

  #refused(written: Written, why: Refusal, problem: Problem, earlierTries: boolean): void {
    if (why === 'ended') remember(`${this.#name}.given-up`, String(this.#givenUp() + 1));
    if (earlierTries && !settlesEarlierTries(why)) write(this.#name, { ...written, paused: true });
    else write(this.#name, null);
    this.state = { step: 'refused', why, problem };
  }

  #givenUp(): number {
    return Number(recall(`${this.#name}.given-up`) ?? 0);
  }

  #attempt(): string {
    return attemptFor(browser, `${this.user} ${this.seller}/${this.campaign} ${this.slot}`, this.#givenUp());
  }
}

export type { Purchase };

const purchases = new Map<string, Purchase>();

export function purchaseOf(user: string, seller: string, campaign: number, slot: number): Purchase {
  const name = `${user} ${seller}/${campaign} ${slot}`;
  let purchase = purchases.get(name);
  if (!purchase) purchases.set(name, (purchase = new Purchase(user, seller, campaign, slot)));
  return purchase;
}

// The slot of the campaign that the user was just buying in this browser: one whose outcome is not known, or one that
// was bought a moment ago. What a page that is loaded again has to begin with.
export function latestPurchase(user: string, seller: string, campaign: number): number | null {
  const prefix = `abc2.purchase.${user}.${seller}/${campaign}/`;
  let latest: number | null = null;
  try {
    for (let i = 0; i < localStorage.length; i++) {
      const key = localStorage.key(i) ?? '';
      const slot = key.startsWith(prefix) ? Number(key.slice(prefix.length)) : NaN;
      if (!Number.isInteger(slot) || slot <= (latest ?? 0)) continue;
      const written = read(key.slice('abc2.'.length));
      if (written && (!written.sale || Date.now() - written.sentAt < GOES_ON_MS)) latest = slot;
    }
  } catch {
    // Without storage nothing is left of an earlier page.
  }
  return latest;
}

// Forgets purchases that were finished long ago.
export function forgetOldPurchases(): void {
  const old: string[] = [];
  for (let i = 0; i < localStorage.length; i++) {
    const key = localStorage.key(i) ?? '';
    const name = key.replace(/^abc2\./, '');
    if (key !== name && name.startsWith('purchase.') && !name.endsWith('.given-up')) {
      const written = read(name);
      if (written?.sale && Date.now() - written.sentAt > KEEP_MS) old.push(name);
    }
  }
  for (const name of old) write(name, null);
}
