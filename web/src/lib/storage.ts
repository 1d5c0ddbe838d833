// What this browser remembers. Without storage (some private windows refuse it) the page forgets and goes on.

const PREFIX = 'abc2.';

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // Nothing to do: what needs memory says so itself.
  }
}

// Calls `changed` when another tab of this browser has changed something.
export function onRemembered(changed: (name: string, value: string | null) => void): () => void {
  const listener = (event: StorageEvent) => {
    if (event.storageArea === localStorage && event.key?.startsWith(PREFIX)) changed(event.key.slice(PREFIX.length), event.newValue);
  };
  window.addEventListener('storage', listener);
  return () => window.removeEventListener('storage', listener);
}
