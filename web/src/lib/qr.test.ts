import jsQR from 'jsqr';
import { describe, expect, it } from 'vitest';
import { qrOf, type Qr } from './qr';

// Fills the path's rectangles, as a browser does, `scale` pixels a module.
function pixels({ size, path }: Qr, scale: number): Uint8ClampedArray {
  const side = size * scale;
  const image = new Uint8ClampedArray(side * side * 4).fill(255);
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let row = Number(y) * scale; row < (Number(y) + 1) * scale; row++)
      for (let column = Number(x) * scale; column < (Number(x) + Number(width)) * scale; column++) image.fill(0, (row * side + column) * 4, (row * side + column) * 4 + 3);
  }
  return image;
}

describe('a QR code', () => {
  it.each([
    'bitcoin:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    'bitcoin:bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080',
    'bitcoin:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa',
    `bitcoin:bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0?amount=0.00025000&label=${'a'.repeat(25)}`,
  ])('is read again: %s', (text) => {
    const qr = qrOf(text);
    const image = pixels(qr, 4);
    expect(jsQR(image, qr.size * 4, qr.size * 4)?.data).toBe(text);
  });

  it('has four empty modules around it', () => {
    const { size, path } = qrOf('bitcoin:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4');
    const runs = [...path.matchAll(/M(\d+) (\d+)h(\d+)/g)].map(([, x, y, width]) => [Number(x), Number(y), Number(x) + Number(width)] as const);
    expect(Math.min(...runs.map(([x]) => x))).toBe(4);
    expect(Math.min(...runs.map(([, y]) => y))).toBe(4);
    expect(Math.max(...runs.map(([, , end]) => end))).toBe(size - 4);
    expect(Math.max(...runs.map(([, y]) => y))).toBe(size - 5);
  });
});
