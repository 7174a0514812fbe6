// Runs SIPp with one of the scenarios of sipp/.
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { passwordOf } from './config.mjs';
import { here, run, until } from './tools.mjs';

/**
 * Starts `scenario` towards `port` of the exchange. `transport` is `u1` (UDP) or `t1` (TCP), both
 * with one socket. `done` fails with SIPp's own messages when a call went another way.
 */
export async function sipp(
  scenario,
  { host = '127.0.0.1', port, transport = 'u1', account, password, localPort, args = [] },
) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'sidetone-sipp-'));
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const program = run(
    'sipp',
    [
      target,
      // Left to itself, SIPp writes an IPv6 address without brackets there.
      ...['-auth_uri', target],
      ...['-sf', path.join(here, 'sipp', `${scenario}.xml`)],
      ...['-i', host, '-mi', host, '-t', transport],
      ...['-s', account, '-au', account, '-ap', password ?? passwordOf(account)],
      ...(localPort ? ['-p', String(localPort)] : []),
      ...['-nostdin', '-trace_err', '-trace_logs', '-timeout', '60s', '-timeout_error'],
      ...args,
    ],
    { cwd: folder, env: { TERM: 'dumb' }, name: `sipp-${scenario}` },
  );
  const trace = async (suffix) => {
    const names = (await readdir(folder)).filter((name) => name.endsWith(suffix));
    return (await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')))).join('');
  };
  return {
    /** Waits for a line that the scenario logs and returns its first group. */
    logged: (pattern, ms = 10_000) =>
      until(`SIPp to log ${pattern}`, async () => pattern.exec(await trace('_logs.log'))?.[1], ms),
    async done() {
      const code = await program.done;
      const errors = await trace('_errors.log');
      await rm(folder, { recursive: true, force: true });
      if (code !== 0) throw new Error(`SIPp ${scenario} ended with ${code}:\n${errors.slice(-3000)}`);
    },
    async stop() {
      await program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
