import { describe, expect, it } from 'vitest';
import { DAY, duration, HOUR, local, localFull, MINUTE, relative, ServerClock, utc } from './time';

const at = Date.UTC(2026, 10, 22, 23, 30, 5);

describe('times', () => {
  it('are said in UTC', () => expect(utc(at)).toBe('2026-11-22 23:30:05 UTC'));

  it('are shown in the reader\'s zone', () => {
    const berlin = { locale: 'en-GB', timeZone: 'Europe/Berlin' };
    const tokyo = { locale: 'en-GB', timeZone: 'Asia/Tokyo' };
    // Half past midnight in Berlin: a day later than in London.
    expect(local(at, at - HOUR, { locale: 'en-GB', timeZone: 'Europe/London' })).toBe('23:30');
    expect(local(at, at - HOUR, berlin)).toMatch(/^23 Nov,? 00:30$/);
    expect(local(at, at + HOUR, tokyo)).toBe('08:30');
    expect(local(at, at + 400 * DAY, berlin)).toMatch(/2026/);
    expect(localFull(at, berlin)).toMatch(/00:30:05/);
    expect(localFull(at, tokyo)).toMatch(/GMT\+9|JST/);
  });

  it('are as long as they are', () => {
    expect(duration(0)).toBe('0 s');
    expect(duration(59_999)).toBe('59 s');
    expect(duration(MINUTE)).toBe('1 min');
    expect(duration(HOUR + 2 * MINUTE + 3000)).toBe('1 h 2 min');
    expect(duration(DAY + 59 * MINUTE)).toBe('1 d');
    expect(duration(-5)).toBe('0 s');
    expect(relative(at + 2 * HOUR, at)).toBe('in 2 h');
    expect(relative(at - 3 * DAY, at)).toBe('3 d ago');
    expect(relative(at + 999, at)).toBe('now');
  });
});

describe('the server\'s clock', () => {
  it('is never thought to be ahead of what it is', () => {
    const clock = new ServerClock();
    expect(clock.now(0)).toBeUndefined();
    // True difference: 1000. Answers take 300, 20 and 500 ms to arrive.
    clock.heard(1000 + 10, 10 + 300);
    expect(clock.now(400)).toBe(1000 + 400 - 300);
    clock.heard(1000 + 500, 500 + 20);
    expect(clock.now(600)).toBe(1600 - 20);
    clock.heard(1000 + 700, 700 + 500);
    expect(clock.now(2000)).toBe(3000 - 20);
  });
});
