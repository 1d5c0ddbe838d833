// What a campaign's place shows now, asked for again whenever it may have changed.
import { api, type Ad } from './api/client';

const SETTLE_MS = 700; // a sold slot is on air so long after it was bought, at the latest
const LONGEST_MS = 2 ** 31 - 1;

export class OnAir {
  ad = $state.raw<Ad | null>(null);
  failed = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly #seller: string;
  readonly #campaign: number;

  constructor(seller: string, campaign: number) {
    this.#seller = seller;
    this.#campaign = campaign;
  }

  // Something was sold.
  changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.look(), SETTLE_MS);
  }

  async look(): Promise<void> {
    clearTimeout(this.#timer);
    const answer = await api('get', '/ads/{seller}/{c}.json', { path: { seller: this.#seller, c: this.#campaign } });
    if (this.#closed) return;
    this.failed = !answer.ok;
    if (answer.ok) {
      this.ad = answer.data;
      const change = answer.data.changes_at_ms;
      if (change !== null) this.#timer = setTimeout(() => void this.look(), Math.min(Math.max(change - Date.now(), 0) + SETTLE_MS, LONGEST_MS));
    } else {
      this.#timer = setTimeout(() => void this.look(), 10_000);
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
