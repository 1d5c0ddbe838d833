// Times: milliseconds since 1970, shown in the reader's zone and language, with UTC at hand.

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

// "2026-11-22 03:20:00 UTC"
export function utc(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ') + ' UTC';
}

export interface Zone {
  locale?: string;
  timeZone?: string;
}

function format(at: number, options: Intl.DateTimeFormatOptions, zone: Zone): string {
  return new Intl.DateTimeFormat(zone.locale, zone.timeZone ? { ...options, timeZone: zone.timeZone } : options).format(at);
}

function dayOf(at: number, zone: Zone): string {
  return format(at, { year: 'numeric', month: '2-digit', day: '2-digit' }, zone);
}

// The time alone for today, with the day otherwise, with the year when it is another one.
export function local(at: number, now: number, zone: Zone = {}): string {
  const time: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
  if (dayOf(at, zone) === dayOf(now, zone)) return format(at, time, zone);
  const year = format(at, { year: 'numeric' }, zone) === format(now, { year: 'numeric' }, zone);
  return format(at, { ...time, day: 'numeric', month: 'short', ...(year ? {} : { year: 'numeric' }) }, zone);
}

// In full, with seconds and the zone's name.
export function localFull(at: number, zone: Zone = {}): string {
  return format(at, { dateStyle: 'medium', timeStyle: 'long' }, zone);
}

// 93 784 000 -> "1 d 2 h": the two largest units, rounded down; below a minute seconds.
export function duration(ms: number): string {
  const total = Math.max(0, Math.floor(ms / SECOND));
  const parts: [number, string][] = [
    [Math.floor(total / 86400), 'd'],
    [Math.floor(total / 3600) % 24, 'h'],
    [Math.floor(total / 60) % 60, 'min'],
    [total % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0 s';
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}

// "in 2 h 5 min", "3 d ago", "now".
export function relative(at: number, now: number): string {
  const away = at - now;
  if (Math.abs(away) < SECOND) return 'now';
  return away > 0 ? `in ${duration(away)}` : `${duration(-away)} ago`;
}

// Server time from what servers have said about it. An answer that says `at` arrives a little after that moment, so
// that `at - arrived` is never more than the true difference; the largest one heard is the closest. Shown prices are
// therefore those of a moment ago at worst: never lower than what the server asks for.
export class ServerClock {
  #ahead: number | undefined;

  // `steady` is the reading of a clock that nobody sets: performance.now().
  heard(at: number, steady: number): void {
    const ahead = at - steady;
    if (this.#ahead === undefined || ahead > this.#ahead) this.#ahead = ahead;
  }

  // Undefined until a server was heard.
  now(steady: number): number | undefined {
    return this.#ahead === undefined ? undefined : Math.floor(this.#ahead + steady);
  }
}
