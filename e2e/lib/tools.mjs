// Waiting, ports, and programs run as children. Nothing here knows about telephony.
import { spawn } from 'node:child_process';
import { appendFile, mkdir } from 'node:fs/promises';
import dgram from 'node:dgram';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

export const here = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Where screenshots and logs of a run stay. */
export const out = path.join(here, 'out');
await mkdir(out, { recursive: true });

/** Calls `check` until it returns something true; fails with `what` after `ms`. */
export async function until(what, check, ms = 15_000) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const value = await check();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      throw new Error(`waited ${ms / 1000} s for: ${what}${last ? ` (last: ${last.message})` : ''}`);
    }
    await sleep(100);
  }
}

function bindable(port, transport) {
  return new Promise((resolve) => {
    if (transport === 'udp') {
      const socket = dgram.createSocket('udp4');
      socket.once('error', () => resolve(false));
      socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
      return;
    }
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

const handedOut = new Set();

/** A port free for UDP and TCP, below the range the kernel gives to outgoing sockets. */
export async function freePort() {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = 10_000 + Math.floor(Math.random() * 9_000);
    if (handedOut.has(port)) continue;
    if ((await bindable(port, 'tcp')) && (await bindable(port, 'udp'))) {
      handedOut.add(port);
      return port;
    }
  }
  throw new Error('no free port between 10000 and 19000');
}

/** A range of `count` ports for media: `[first, last]`, apart from those of `freePort`. */
export function mediaRange(count) {
  const first = 20_000 + 2 * Math.floor(Math.random() * 5_000);
  return [first, first + count - 1];
}

/**
 * Starts a program and collects what it prints. `done` resolves to its exit code; `stop` ends it,
 * first politely, and waits.
 */
export function run(command, args, { cwd, env, name, killAfter = 5_000 } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const keep = (chunk) => {
    text += chunk;
    if (name) void appendFile(path.join(out, `${name}.log`), chunk);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const done = new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`${command} did not start: ${error.message}`)));
    child.once('close', (code, signal) => resolve(code ?? `signal ${signal}`));
  });
  done.catch(() => undefined);
  return {
    done,
    pid: child.pid,
    get text() {
      return text;
    },
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), killAfter);
      await done.catch(() => undefined);
      clearTimeout(timer);
    },
  };
}

/** Runs a program to its end and fails unless it exits with 0 within `ms`. */
export async function mustRun(command, args, { ms = 60_000, ...options } = {}) {
  const program = run(command, args, options);
  const timer = setTimeout(() => void program.stop(), ms);
  const code = await program.done;
  clearTimeout(timer);
  if (code !== 0) {
    throw new Error(`${command} ended with ${code}:\n${program.text.slice(-3000)}`);
  }
  return program.text;
}
