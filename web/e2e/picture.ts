// PNG images, drawn here.
import { deflateSync } from 'node:zlib';

function crc32(bytes: Buffer): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ -1) >>> 0;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(8);
  out.writeUInt32BE(data.length, 0);
  out.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([out.subarray(0, 4), body, out.subarray(4)]);
}

type Colour = [number, number, number];

// Hills under a sky, in shades from one colour to another; noise makes it hard to compress.
export function picture(width: number, height: number, from: Colour, to: Colour, noise = false): Buffer {
  const rows = Buffer.alloc((width * 3 + 1) * height);
  let random = 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const hill = 0.62 + 0.13 * Math.sin((x / width) * 5 + 1) + 0.05 * Math.sin((x / width) * 17);
      const near = 0.82 + 0.09 * Math.sin((x / width) * 3.2 + 4);
      const depth = y / height > near ? 0.35 : y / height > hill ? 0.62 : 1;
      const share = y / height;
      for (let i = 0; i < 3; i++) {
        random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff;
        const shade = noise ? random >> 16 : (from[i]! * (1 - share) + to[i]! * share) * depth;
        rows[y * (width * 3 + 1) + 1 + x * 3 + i] = shade & 255;
      }
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

export const sunset = (width = 300, height = 250) => picture(width, height, [250, 214, 150], [214, 96, 72]);
export const lake = (width = 300, height = 250) => picture(width, height, [176, 216, 240], [38, 96, 140]);
export const forest = (width = 300, height = 250) => picture(width, height, [226, 236, 200], [52, 108, 74]);
