// Bundles the phone into three files. The same input gives the same bytes: the versions are pinned
// by package-lock.json, nothing of the machine or the clock gets in.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import * as esbuild from 'esbuild';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Packages that end up in the bundle, with the file that holds their licence. */
const BUNDLED = [
  ['jssip', 'LICENSE.md'],
  ['debug', 'LICENSE'],
  ['ms', 'license.md'],
  ['events', 'LICENSE'],
  ['sdp-transform', 'LICENSE'],
];

async function licences() {
  const parts = [];
  for (const [name, file] of BUNDLED) {
    const folder = path.join(root, 'node_modules', name);
    const { version } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
    const text = (await readFile(path.join(folder, file), 'utf8')).trim();
    parts.push(`${name} ${version}\n\n${text.replaceAll('*/', '* /').replaceAll('\r', '')}`);
  }
  const rule = `\n\n${'-'.repeat(72)}\n\n`;
  return `/*! This file contains the packages below, under their licences.\n\n${parts.join(rule)}\n*/`;
}

/** The page, with the checksum of its one inline script put into its content security policy. */
async function page() {
  const html = await readFile(path.join(root, 'src/index.html'), 'utf8');
  const script = /<script>([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '';
  const hash = createHash('sha256').update(script).digest('base64');
  return html.replace('BASE_SCRIPT_HASH', `sha256-${hash}`);
}

/** Returns a map from file name to contents. */
export async function bundle() {
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: { phone: 'src/main.ts' },
    outdir: 'dist',
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: ['chrome111', 'firefox115', 'safari16.4'],
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    define: { PHONE_VERSION: JSON.stringify(version ?? '0.1.0') },
    banner: { js: await licences() },
    logLevel: 'warning',
  });
  const files = new Map();
  for (const file of result.outputFiles) {
    files.set(path.basename(file.path), file.text);
  }
  files.set('index.html', await page());
  return files;
}
