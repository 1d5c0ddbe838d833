// The places on sale, as far as they are shown: a search of the market, page after page.
//
//   const places = new Places((question, cursor) => api('get', '/api/campaigns', { query: ... }));
//   places.ask({ q: 'river', size: '300x250', sort: 'price' });     // at once; soon(...) while somebody types
//   places.list, .found, .sizes, .complete, .more, .loading, .problem      what to show
//   await places.showMore();
//   onDestroy(() => places.close());
//
// Of several answers on their way only that to the newest question counts. The order is that of the moment at which the
// question was asked: nothing moves under the reader's hand while prices fall.
import type { Answer, Campaign, Problem } from './api/client';
import { laterOf, placeOf, type Place } from './market';

export interface Question {
  q: string;
  size: string; // "300x250"; empty: any
  sort: string;
}

export interface Size {
  width_px: number;
  height_px: number;
  campaigns: number;
}

interface Page {
  campaigns: Campaign[];
  next: string | null;
  found?: number;
  complete?: boolean;
  sizes?: Size[];
}

const TYPING_MS = 200; // a question is asked when nothing was typed for so long
const AGAIN_MS = 30_000; // new campaigns are looked for so often,
const FILLING_MS = 3_000; // and so often while the server has not looked at all of them

export class Places {
  list = $state.raw<Place[]>([]);
  found = $state(0); // by the question, shown or not
  sizes = $state.raw<Size[]>([]);
  complete = $state(true); // the server knows all campaigns
  loading = $state(true); // the first page of a question
  adding = $state(false); // the next page
  problem = $state.raw<Problem | null>(null);
  question = $state.raw<Question | null>(null); // that `list` answers
  #next = $state<string | null>(null);
  #pages = 0;
  #asked: Question = { q: '', size: '', sort: '' };
  #failed: 'first' | 'more' = 'first'; // what the problem is of
  #turn = 0; // of the newest question
  #typing: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request: (question: Question, cursor: string) => Promise<Answer<Page>>;
  #closed = false;

  constructor(request: (question: Question, cursor: string) => Promise<Answer<Page>>) {
    this.#request = request;
  }

  get more(): boolean {
    return this.#next !== null;
  }

  // What is shown stays until the answer is there.
  async ask(question: Question): Promise<void> {
    this.#asked = question;
    this.loading = true;
    await this.#first();
  }

  // As ask(), when nothing else has been asked for a moment.
  soon(question: Question): void {
    this.#turn++; // what is on its way answers a question that has changed
    this.loading = true;
    this.adding = false;
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => void this.ask(question), TYPING_MS);
  }

  // What went wrong is tried again.
  async again(): Promise<void> {
    await (this.#failed === 'more' ? this.showMore() : this.ask(this.#asked));
  }

  async showMore(): Promise<void> {
    if (this.#next === null || this.adding) return;
    const turn = this.#turn;
    this.adding = true;
    const answer = await this.#request(this.#asked, this.#next);
    if (turn !== this.#turn || this.#closed) return;
    this.adding = false;
    if (!answer.ok) {
      this.problem = answer.problem;
      this.#failed = 'more';
      return;
    }
    this.problem = null;
    this.#next = answer.data.next;
    this.#pages++;
    const shown = new Set(this.list.map(({ name }) => name));
    this.list = [...this.list, ...answer.data.campaigns.map(placeOf).filter(({ name }) => !shown.has(name))];
    this.#told(answer.data);
  }

  // A later state of a campaign that is shown.
  heard(campaign: Campaign): void {
    const place = placeOf(campaign);
    const at = this.list.findIndex(({ name }) => name === place.name);
    if (at < 0) return;
    const later = laterOf(this.list[at]!, place);
    if (later !== this.list[at]) this.list = this.list.with(at, later);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#typing);
    clearTimeout(this.#timer);
  }

  async #first(): Promise<void> {
    const turn = ++this.#turn;
    clearTimeout(this.#typing);
    clearTimeout(this.#timer);
    this.adding = false;
    const question = this.#asked;
    const answer = await this.#request(question, '');
    if (turn !== this.#turn || this.#closed) return;
    this.loading = false;
    if (answer.ok) {
      const known = new Map(this.list.map((place) => [place.name, place]));
      this.list = answer.data.campaigns.map(placeOf).map((place) => laterOf(known.get(place.name) ?? null, place));
      this.#next = answer.data.next;
      this.#pages = 1;
      this.question = question;
      this.problem = null;
      this.#told(answer.data);
    } else {
      this.problem = answer.problem;
      this.#failed = 'first';
    }
    this.#timer = setTimeout(() => void this.#due(), this.complete ? AGAIN_MS : FILLING_MS);
  }

  // Whoever has gone on to later pages is not to lose their place.
  async #due(): Promise<void> {
    if ((typeof document !== 'undefined' && document.hidden) || this.#pages > 1) {
      this.#timer = setTimeout(() => void this.#due(), AGAIN_MS);
      return;
    }
    await this.#first();
  }

  #told(page: Page): void {
    this.found = page.found ?? this.list.length;
    this.sizes = page.sizes ?? [];
    this.complete = page.complete ?? true;
  }
}
