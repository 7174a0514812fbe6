// baresip as a desk phone: plays a sine, records what it hears, and is told what to do over its
// control socket (module ctrl_tcp, netstrings of JSON).
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { passwordOf } from './config.mjs';
import { freePort, run, until } from './tools.mjs';

const MODULES = ['g711', 'opus', 'ausine', 'aubridge', 'sndfile', 'ctrl_tcp'];

const config = ({ folder, hz, control }) => `
poll_method epoll
sip_listen 127.0.0.1:0
ctrl_tcp_listen 127.0.0.1:${control}
audio_source ausine,${hz}
audio_player aubridge,none
audio_alert aubridge,none
ausrc_srate 48000
ausrc_channels 2
auplay_srate 48000
auplay_channels 2
module_path /usr/lib/baresip/modules
${MODULES.map((name) => `module ${name}.so`).join('\n')}
module_tmp uuid.so
module_tmp account.so
module_app menu.so
snd_path ${folder}
sip_verify_server no
opus_bitrate 64000
`;

/** A folder with what baresip reads at its start. */
async function home({ account, password, address, codec, answers, hz, control }) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'sidetone-baresip-'));
  const line =
    `<sip:${account}@${address}>;auth_user=${account};auth_pass=${password};regint=300;` +
    `audio_codecs=${codec};answermode=${answers ? 'auto' : 'manual'}\n`;
  await writeFile(path.join(folder, 'config'), config({ folder, hz, control }));
  await writeFile(path.join(folder, 'accounts'), line);
  await writeFile(path.join(folder, 'contacts'), '');
  return folder;
}

const isRegistered = (program) => /200 OK|registered successfully/.test(program.text);

/**
 * Starts baresip with an account of the exchange, over `transport`, and waits until it is
 * registered. It says a sine of `hz`; with `answers` it takes every call.
 */
export async function startBaresip(
  exchange,
  { account, transport = 'udp', codec = 'PCMU', hz = 440, answers = false },
) {
  const control = await freePort();
  const address = `127.0.0.1:${exchange.ports[transport]};transport=${transport}`;
  const password = passwordOf(account);
  const folder = await home({ account, password, address, codec, answers, hz, control });
  const program = run('baresip', ['-f', folder], { name: `baresip-${account}`, cwd: folder });
  const events = [];
  let socket = null;

  const listen = (stream) => {
    let waiting = Buffer.alloc(0);
    stream.on('data', (chunk) => {
      waiting = Buffer.concat([waiting, chunk]);
      for (;;) {
        const colon = waiting.indexOf(':');
        const length = Number(waiting.subarray(0, Math.max(colon, 0)));
        if (colon < 0 || waiting.length < colon + length + 2) return;
        const text = waiting.subarray(colon + 1, colon + 1 + length).toString();
        waiting = waiting.subarray(colon + length + 2);
        events.push(JSON.parse(text));
      }
    });
  };
  const baresip = {
    events,
    address: (number) => `sip:${number}@${address}`,
    /** Waits for an event, such as `CALL_ESTABLISHED`, that came after the first `after` ones. */
    happens: (type, { after = 0, param, ms = 15_000 } = {}) =>
      until(
        `baresip ${account}: ${type} ${param ?? ''}`,
        () => events.slice(after).find((one) => one.type === type && (param === undefined || one.param === param)),
        ms,
      ).catch((error) => {
        throw new Error(`${error.message}\n${JSON.stringify(events)}\n${program.text.slice(-2000)}`);
      }),
    command(command, params = '') {
      const text = JSON.stringify({ command, params, token: 'story' });
      socket.write(`${Buffer.byteLength(text)}:${text},`);
    },
    /** The file with what was heard in the last call. */
    async recording() {
      const names = (await readdir(folder)).filter((name) => name.endsWith('-dec.wav')).sort();
      if (names.length === 0) throw new Error(`no recording in ${await readdir(folder)}`);
      return path.join(folder, names.at(-1));
    },
    async stop() {
      socket?.destroy();
      await program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await until('baresip to open its control socket', () => new Promise((resolve, reject) => {
      const stream = net.connect(control, '127.0.0.1', () => {
        socket = stream;
        listen(stream);
        resolve(true);
      });
      stream.once('error', reject);
    }));
    await until(`baresip ${account} to be registered`, () => isRegistered(program));
  } catch (error) {
    await baresip.stop();
    throw new Error(`${error.message}\n${program.text.slice(-2000)}`);
  }
  return baresip;
}

/**
 * Starts baresip in a network of its own (`lib/network.mjs`), where nobody tells it anything: it
 * registers with the server at `address` and takes every call, saying a sine of `hz`.
 */
export async function startBaresipIn(network, { account, password, address, hz = 440 }) {
  const folder = await home({ account, password, address, codec: 'PCMU', answers: true, hz, control: 4_444 });
  const [enter, ...how] = [...network.enter, 'baresip', '-f', folder];
  const program = run(enter, how, { name: `baresip-${account}`, cwd: folder });
  const stop = async () => {
    await program.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until('baresip to be registered', () => isRegistered(program));
  } catch (error) {
    await stop();
    throw new Error(`${error.message}\n${program.text.slice(-2000)}`);
  }
  return { stop };
}
