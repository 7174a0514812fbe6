// Starts the exchange under test in a temporary directory, on free ports of 127.0.0.1.
import { access, cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { clients } from './clients.mjs';
import { passwordOf, writeConfig } from './config.mjs';
import { freePort, here, mediaRange, mustRun, run, until } from './tools.mjs';

/** How the binary is told where its configuration lies, and to stay in the foreground. */
const argumentsFor = (asteriskConf) => ['-f', '-C', asteriskConf];

/** The exchange that was built. */
export async function binary() {
  const given = process.env.SIDETONE_BIN;
  const root = path.dirname(here);
  const guesses = given ? [given] : ['release', 'debug'].map((kind) => path.join(root, 'target', kind, 'sidetone'));
  for (const guess of guesses) {
    const found = await access(guess).then(() => true, () => false);
    if (found) return guess;
  }
  throw new Error(`no exchange at ${guesses.join(' or ')}: build it, or set SIDETONE_BIN`);
}

/** The first command of the README, word by word. */
async function readmeCommand() {
  const readme = await readFile(path.join(path.dirname(here), 'README.md'), 'utf8');
  return /^ {4}(cargo run .*)$/m.exec(readme)[1].trim().split(/ +/);
}

/**
 * How somebody starts it who follows the README: `{ command, cwd, env }`. What is under test may
 * also come from elsewhere (`SIDETONE_BIN`); then it is started by itself. `home` is an empty home;
 * cargo keeps its own.
 */
export async function byTheReadme(home) {
  const program = await binary();
  const root = path.dirname(here);
  const env = { HOME: home, XDG_STATE_HOME: '', SIDETONE_STATE: undefined };
  const target = path.resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');
  if (path.resolve(program) !== path.join(target, 'release', 'sidetone')) return { command: [program], cwd: home, env };
  for (const [name, folder] of [['CARGO_HOME', '.cargo'], ['RUSTUP_HOME', '.rustup']]) {
    env[name] = process.env[name] ?? path.join(os.homedir(), folder);
  }
  // Its network leads nowhere.
  env.CARGO_NET_OFFLINE = 'true';
  const command = await readmeCommand();
  // "builds the exchange and starts it": what was built already takes a moment.
  await mustRun(command[0], ['build', ...command.slice(2)], { cwd: root, ms: 900_000 });
  return { command, cwd: root, env };
}

/** The status of a GET over HTTPS, whatever the certificate. */
function statusOf(url) {
  return new Promise((resolve, reject) => {
    https
      .get(url, { rejectUnauthorized: false, timeout: 2_000 }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
      .on('error', reject);
  });
}

/**
 * Starts an exchange. `name` names its log in e2e/out. The result has `ports`, `phone(account)` (the
 * address that signs in at once), `page(name)` (a bare client page), `command(words)` of the console,
 * `stop`, `start` and `restart`.
 */
export async function startExchange(name, options = {}) {
  const program = await binary();
  const dir = await mkdtemp(path.join(os.tmpdir(), `sidetone-${name}-`));
  const ports = {};
  for (const kind of ['udp', 'tcp', 'tls', 'http', 'https', 'trunk']) ports[kind] = await freePort();
  const conf = await writeConfig({ dir, program, ports, media: mediaRange(400), ...options });
  await cp(await clients(), path.join(dir, 'data', 'static-http'), { recursive: true });

  let process_ = null;
  const base = `https://127.0.0.1:${ports.https}`;
  const exchange = {
    dir,
    ports,
    base,
    /** The certificate of the authority that signed the exchange's. */
    authority: path.join(dir, 'ca.crt'),
    wss: `wss://127.0.0.1:${ports.https}/ws`,
    phone: (account, password = passwordOf(account)) =>
      `${base}/phone#${new URLSearchParams({ account, password })}`,
    page: (client) => `${base}/static/${client}.html`,
    /** Runs a command of the console and returns what it says. */
    command: (words) => mustRun(program, ['-C', conf, '-rx', words]),
    get log() {
      return process_?.text ?? '';
    },
    async start() {
      process_ = run(program, argumentsFor(conf), { cwd: dir, name: `exchange-${name}` });
      await until(
        'the exchange to answer https',
        async () => {
          if (!process_.running) {
            throw new Error(`it ended:\n${process_.text.slice(-3000)}`);
          }
          return (await statusOf(`${base}/phone`)) < 400;
        },
        20_000,
      );
    },
    async halt() {
      await process_?.stop();
    },
    async restart() {
      await exchange.halt();
      await exchange.start();
    },
    async stop() {
      await exchange.halt();
      await rm(dir, { recursive: true, force: true });
    },
  };
  try {
    await exchange.start();
  } catch (error) {
    await exchange.stop();
    throw error;
  }
  return exchange;
}
