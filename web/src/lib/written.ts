// What this browser has written down about a request before it sent it, so that however often it is clicked, in
// however many tabs, and across reloads, it is the same request.
import { freshAttempt } from './attempt';
import { recall, remember } from './storage';

let browser: string | null = null;

// This browser's own secret, the same in all its tabs.
export function browserSecret(): string {
  browser ??= recall('browser');
  if (!browser) {
    browser = freshAttempt();
    remember('browser', browser);
  }
  return browser;
}

// Without storage only this tab knows what was sent.
const unstored = new Map<string, string>();

export function readWritten<T>(name: string): T | null {
  const text = recall(name) ?? unstored.get(name);
  try {
    return text ? (JSON.parse(text) as T) : null;
  } catch {
    return null;
  }
}

export function writeDown(name: string, written: object | number | null): void {
  const text = written === null ? null : JSON.stringify(written);
  if (text === null) unstored.delete(name);
  else unstored.set(name, text);
  remember(name, text);
}

// Tabs take turns by a lock where the browser has locks.
export async function inTurn(name: string, work: () => Promise<void>): Promise<void> {
  if (navigator.locks) await navigator.locks.request(`abc2.${name}`, work);
  else await work();
}
