// `npm test`: compiles test/*.test.ts and hands them to Node's own test runner.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { root } from './bundle.mjs';

const out = await mkdtemp(path.join(os.tmpdir(), 'sidetone-web-test-'));
const names = (await readdir(path.join(root, 'test'))).filter((name) => name.endsWith('.test.ts'));
await esbuild.build({
  absWorkingDir: root,
  entryPoints: names.map((name) => path.join('test', name)),
  outdir: out,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  outExtension: { '.js': '.mjs' },
  sourcemap: 'inline',
  define: { PHONE_VERSION: '"test"' },
  logLevel: 'warning',
});
const tests = names.map((name) => path.join(out, name.replace(/\.ts$/, '.mjs')));
const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...tests], {
  stdio: 'inherit',
});
await rm(out, { recursive: true, force: true });
process.exit(run.status ?? 1);
