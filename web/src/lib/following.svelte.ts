// A list of the account's that bitcoin changes, with the terms and the balance: asked for again whenever the market
// says that something has changed, and now and then besides.
//
//   const following = new Following(() => api(...), (rows) => 15_000);
//   following.terms, .rows, .problem, .state       what to show; terms.network is null where bitcoin is off
//   onDestroy(() => following.close());
import { api, type Answer, type Problem, type Terms } from './api/client';
import { session } from './session.svelte';
import { Stream } from './stream.svelte';

const SETTLE_MS = 2_000; // what follows from a block is done by then, mostly

export class Following<Row> {
  terms = $state.raw<Terms | null>(null);
  rows = $state.raw<Row[] | null>(null);
  problem = $state.raw<Problem | null>(null);
  #list: () => Promise<Answer<Row[]>>;
  #every: (rows: Row[]) => number;
  #stream = new Stream('bitcoin', () => {
    this.#settling = true;
    void this.look();
  });
  #settling = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking = false;
  #again = false;
  #closed = false;

  // `every`: after how many milliseconds the list is asked for at the latest.
  constructor(list: () => Promise<Answer<Row[]>>, every: (rows: Row[]) => number) {
    this.#list = list;
    this.#every = every;
    void this.look();
  }

  get state() {
    return this.#stream.state;
  }

  // Asks now; once more if it was being asked already, since that answer may be of before.
  async look(): Promise<void> {
    this.#again = true;
    if (this.#looking) return;
    this.#looking = true;
    clearTimeout(this.#timer);
    while (this.#again && !this.#closed) {
      this.#again = false;
      await this.#ask();
    }
    this.#looking = false;
    if (this.#closed) return;
    const wait = this.#every(this.rows ?? []);
    this.#timer = setTimeout(() => void this.#due(), this.#settling ? Math.min(wait, SETTLE_MS) : wait);
    this.#settling = false;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stream.close();
  }

  // Nobody looks at a hidden page; when it is shown again the stream begins anew, which says so.
  async #due(): Promise<void> {
    if (!document.hidden || this.rows === null) return this.look();
    this.#timer = setTimeout(() => void this.#due(), this.#every(this.rows));
  }

  async #ask(): Promise<void> {
    const on = this.terms !== null && this.terms.network !== null;
    const [terms, first] = await Promise.all([api('get', '/api/me/bitcoin'), on ? this.#list() : null, on ? session.refresh() : null]);
    if (this.#closed) return;
    if (!terms.ok) {
      this.problem = terms.problem;
      return;
    }
    this.terms = terms.data;
    if (terms.data.network === null) {
      this.problem = null;
      return;
    }
    const rows = first ?? (await this.#list());
    if (this.#closed) return;
    this.problem = rows.ok ? null : rows.problem;
    if (rows.ok) this.rows = rows.data;
    this.#stream.open('/api/me/bitcoin/events');
  }
}
