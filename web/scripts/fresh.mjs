// `npm run check`: fails when the committed bundle is not what the sources give.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { bundle, root } from './bundle.mjs';

const dist = path.join(root, 'dist');
const fresh = await bundle();
const stale = [];
for (const [name, text] of fresh) {
  const committed = await readFile(path.join(dist, name), 'utf8').catch(() => null);
  if (committed !== text) stale.push(name);
}
for (const name of await readdir(dist)) {
  if (!fresh.has(name)) stale.push(`${name} (no source makes it)`);
}
if (stale.length > 0) {
  console.error(`web/dist is stale: ${stale.join(', ')}.`);
  console.error('Run "npm run build" in web/ and commit web/dist.');
  process.exit(1);
}
console.log(`web/dist is fresh (${fresh.size} files).`);
