// Runs SIPp with one of the scenarios of sipp/.
import dgram from 'node:dgram';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { passwordOf } from './config.mjs';
import { here, run, until } from './tools.mjs';

/** Keys of a scenario that say which codec is offered or answered. */
export const CODECS = {
  PCMU: { format: 0, rtpmap: 'PCMU/8000' },
  opus: { format: 107, rtpmap: 'opus/48000/2' },
};

/**
 * Starts `scenario` towards `port` of the exchange. `transport` is `u1` (UDP) or `t1` (TCP), both
 * with one socket; `keys` stand for `[name]` in the scenario, `words` for `{name}` where SIPp takes no
 * key. `done` fails with SIPp's own messages when a call went another way.
 */
export async function sipp(
  scenario,
  { host = '127.0.0.1', port, transport = 'u1', account, password, localPort, keys = {}, words = {}, talkMs = 3_000, args = [] },
) {
  const id = `story${Math.random().toString(36).slice(2)}`;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'sidetone-sipp-'));
  let text = await readFile(path.join(here, 'sipp', `${scenario}.xml`), 'utf8');
  for (const [name, value] of Object.entries(words)) text = text.replaceAll(`{${name}}`, value);
  const file = path.join(folder, `${scenario}.xml`);
  await writeFile(file, text);
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const program = run(
    'sipp',
    [
      target,
      // Left to itself, SIPp writes an IPv6 address without brackets there.
      ...['-auth_uri', target],
      ...['-sf', file],
      ...['-i', host, '-mi', host, '-t', transport],
      ...['-s', account, '-au', account, '-ap', password ?? passwordOf(account)],
      ...(localPort ? ['-p', String(localPort)] : []),
      ...['-cid_str', `${id}-%u`, '-d', String(talkMs)],
      ...Object.entries(keys).flatMap(([name, value]) => ['-key', name, String(value)]),
      ...['-nostdin', '-trace_err', '-trace_logs', '-timeout', '60s', '-timeout_error'],
      ...args,
    ],
    { cwd: folder, env: { TERM: 'dumb' }, name: `sipp-${scenario}` },
  );
  let cues = 0;
  const trace = async (suffix) => {
    const names = (await readdir(folder)).filter((name) => name.endsWith(suffix));
    return (await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')))).join('');
  };
  return {
    /** Waits for a line that the scenario logs and returns its first group. */
    logged: (pattern, ms = 10_000) =>
      until(`SIPp to log ${pattern}`, async () => pattern.exec(await trace('_logs.log'))?.[1], ms),
    /**
     * Lets the scenario go on where it waits for a MESSAGE: the story decides when, not a clock. Which
     * call is meant is told by its Call-ID, by default the first one that SIPp made.
     */
    async cue({ method = 'MESSAGE', callId = `${id}-1` } = {}) {
      cues += 1;
      const lines = [
        `${method} sip:story SIP/2.0`,
        `Via: SIP/2.0/UDP ${host}:9;branch=z9hG4bK${id}${cues}`,
        'From: <sip:story>;tag=story',
        'To: <sip:sipp>',
        `Call-ID: ${callId}`,
        `CSeq: ${cues} ${method}`,
        'Content-Length: 0',
      ];
      const socket = dgram.createSocket('udp4');
      await new Promise((sent) => socket.send(`${lines.join('\r\n')}\r\n\r\n`, localPort, host, sent));
      socket.close();
    },
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
