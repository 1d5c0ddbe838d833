// Live events of campaigns, in one connection however many are followed. It is closed while nobody looks at the page
// (browsers allow six connections to a server) and opened again, with what was missed, when somebody does.
import type { Campaign } from './api/client';
import { clock } from './clock.svelte';

const MOST = 100; // campaigns in one stream
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

export class Live {
  state = $state<'connecting' | 'live' | 'waiting'>('connecting');
  #source: EventSource | null = null;
  #names = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait = FIRST_WAIT_MS;
  #heard: (campaign: Campaign) => void;
  #visible = () => this.#open();

  constructor(heard: (campaign: Campaign) => void) {
    this.#heard = heard;
    document.addEventListener('visibilitychange', this.#visible);
  }

  // "bob/1", "sue/2", ...
  follow(names: string[]): void {
    const wanted = names.slice(0, MOST).sort().join(',');
    if (wanted === this.#names) return;
    this.#names = wanted;
    this.#open();
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#visible);
    this.#shut();
    this.#names = '';
  }

  #shut(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #open(): void {
    this.#shut();
    if (!this.#names || document.hidden) return;
    const source = new EventSource(`/api/events?campaigns=${encodeURIComponent(this.#names).replaceAll('%2F', '/').replaceAll('%2C', ',')}`);
    this.#source = source;
    source.addEventListener('open', () => {
      this.state = 'live';
      this.#wait = FIRST_WAIT_MS;
    });
    source.addEventListener('campaign', (event: MessageEvent<string>) => {
      const campaign = JSON.parse(event.data) as Campaign;
      clock.heard(campaign.next.at_ms);
      this.#heard(campaign);
    });
    // The browser's own way to try again is not patient, and gives up on some answers.
    source.addEventListener('error', () => {
      if (this.#source !== source) return;
      this.#shut();
      this.state = 'waiting';
      this.#timer = setTimeout(() => this.#open(), this.#wait * (0.75 + Math.random() / 2));
      this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
    });
  }
}
