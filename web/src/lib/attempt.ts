// The id of a purchase that is wanted. It follows from this browser's own secret, the user, the slot, and how often an
// earlier id of it was given up, so that every tab of the browser arrives at the same one without asking the others: a
// second click, a second tab and a reload repeat one purchase instead of making another.

// Mixes the text into 128 bits; every bit of it changes about half of them. Not for keeping secrets.
function mixed(text: string): Uint32Array {
  const state = new Uint32Array([0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a]);
  const factors = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f];
  const stir = (value: number) => {
    for (let i = 0; i < 4; i++) {
      const before = state[(i + 3) % 4]!;
      let word = Math.imul(state[i]! ^ value ^ (before >>> 7) ^ (before << 25), factors[i]!);
      word ^= word >>> 15;
      state[i] = word + before;
    }
  };
  for (let i = 0; i < text.length; i++) stir(text.charCodeAt(i) + 1);
  for (let i = 0; i < 16; i++) stir(text.length + i);
  return state;
}

export function attemptFor(secret: string, what: string, givenUp: number): string {
  const hex = [...mixed(`${secret}\n${what}\n${givenUp}`)].map((word) => word.toString(16).padStart(8, '0')).join('');
  return uuidOf(hex);
}

// A fresh id, for what is wanted once.
export function freshAttempt(): string {
  return uuidOf([...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
}

function uuidOf(hex: string): string {
  const variant = ((parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
