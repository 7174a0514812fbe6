// Bundles the bare client pages (clients/*.mjs) once per run. The exchange serves them from its
// static-http directory, so that they have its origin and a secure context.
import { mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { here } from './tools.mjs';

export const CLIENTS = ['jssip', 'sipjs'];

let built = null;

/** The directory with `jssip.html`, `jssip.js`, … */
export function clients() {
  built ??= build();
  return built;
}

async function build() {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'sidetone-clients-'));
  await esbuild.build({
    absWorkingDir: here,
    entryPoints: CLIENTS.map((name) => `clients/${name}.mjs`),
    outdir: folder,
    bundle: true,
    format: 'iife',
    platform: 'browser',
    logLevel: 'warning',
  });
  for (const name of CLIENTS) {
    const html = `<!doctype html><meta charset="utf-8"><title>${name}</title><body></body><script src="${name}.js"></script>\n`;
    await writeFile(path.join(folder, `${name}.html`), html);
  }
  return folder;
}
