// QR codes, drawn in the page.
import { encode } from 'uqr';

export interface Qr {
  size: number; // modules on each side, the quiet zone included
  path: string; // of the dark ones, for <path d>
}

const QUIET = 4; // modules around it, as the standard asks for

export function qrOf(text: string): Qr {
  const { data, size } = encode(text, { ecc: 'M', border: QUIET });
  let path = '';
  for (const [y, row] of data.entries()) {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const from = x;
      while (row[x + 1]) x++;
      path += `M${from} ${y}h${x - from + 1}v1h${from - x - 1}z`;
    }
  }
  return { size, path };
}
