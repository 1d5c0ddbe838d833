// Live events of campaigns, in one connection however many are followed.
import type { Campaign } from './api/client';
import { clock } from './clock.svelte';
import { Stream } from './stream.svelte';

const MOST = 100; // campaigns in one stream

export class Live {
  #stream: Stream;

  constructor(heard: (campaign: Campaign) => void) {
    this.#stream = new Stream('campaign', (data) => {
      const campaign = JSON.parse(data) as Campaign;
      clock.heard(campaign.next.at_ms);
      heard(campaign);
    });
  }

  get state() {
    return this.#stream.state;
  }

  // "bob/1", "sue/2", ...
  follow(names: string[]): void {
    const wanted = names.slice(0, MOST).sort().join(',');
    this.#stream.open(wanted ? `/api/events?campaigns=${encodeURIComponent(wanted).replaceAll('%2F', '/').replaceAll('%2C', ',')}` : null);
  }

  close(): void {
    this.#stream.close();
  }
}
