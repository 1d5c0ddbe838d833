// A campaign as the pages work with it: amounts as bigint, the price of any moment.
import type { Campaign } from './api/client';
import { sat, type Sat } from './money';
import { offerAt, type LastSale, type Offer } from './price';

export interface Place {
  raw: Campaign;
  name: string; // "bob/1"
  href: string; // of its page
  floor: Sat;
  last: LastSale | null;
}

export function placeOf(raw: Campaign): Place {
  const last = raw.last_sale;
  return {
    raw,
    name: `${raw.seller}/${raw.number}`,
    href: `/campaigns/${encodeURIComponent(raw.seller)}/${raw.number}`,
    floor: sat(raw.floor_sat),
    last: last && { price: sat(last.price_sat), boughtAt: last.bought_at_ms, startsAt: last.starts_at_ms, endsAt: last.ends_at_ms },
  };
}

export function offerOf(place: Place, now: number): Offer {
  return offerAt(place.floor, place.last, now);
}

// Which of two states of a campaign is the later one. A live event may say less than what was read: a slot counts there
// only when it is settled.
export function laterOf(known: Place | null, heard: Place): Place {
  if (!known) return heard;
  return heard.raw.next.number >= known.raw.next.number ? heard : known;
}

// "example.org/news" of "https://example.org/news"; as it is, if it is no address.
export function shortAddress(link: string): string {
  try {
    const url = new URL(link);
    return url.host + (url.pathname === '/' ? '' : url.pathname);
  } catch {
    return link;
  }
}
