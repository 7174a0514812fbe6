// `npm run build`: writes web/dist.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundle, root } from './bundle.mjs';

const dist = path.join(root, 'dist');
await mkdir(dist, { recursive: true });
for (const [name, text] of await bundle()) {
  await writeFile(path.join(dist, name), text);
  console.log(`dist/${name}  ${(text.length / 1024).toFixed(1)} KiB`);
}
