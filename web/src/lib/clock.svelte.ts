// The server's time, as far as it is known, ticking while the page is looked at.
import { ServerClock } from './time';

const TICK_MS = 500;

class Clock {
  #server = new ServerClock();
  // Changes with every tick: what shows a time or a price reads this.
  now = $state(Date.now());

  constructor() {
    if (typeof window === 'undefined') return;
    setInterval(() => {
      if (!document.hidden) this.#tick();
    }, TICK_MS);
    document.addEventListener('visibilitychange', () => this.#tick());
  }

  // A server has just said what time it is there.
  heard(at: number): void {
    this.#server.heard(at, performance.now());
    this.#tick();
  }

  #tick(): void {
    this.now = this.#server.now(performance.now()) ?? Date.now();
  }
}

export const clock = new Clock();
