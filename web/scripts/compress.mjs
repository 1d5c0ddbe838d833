// compress.mjs FOLDER: puts NAME.gz beside every text file, where that is shorter; the server sends it to clients who
// take it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';

const folder = process.argv[2];
if (!folder) throw new Error('which folder?');
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(html|js|css|svg|json|txt)$/.test(entry.name)) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const bytes = readFileSync(path);
  const gzipped = gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });
  if (gzipped.length < bytes.length) writeFileSync(`${path}.gz`, gzipped);
}
