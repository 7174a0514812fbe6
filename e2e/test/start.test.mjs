// The program as somebody starts it who follows the README, by its very command: no argument, no
// configuration, an empty home, the ports it is known for. Everything a user then does is done from what it prints. A network
// of its own keeps the ports free.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startBaresipIn } from '../lib/baresip.mjs';
import { startChromium } from '../lib/browsers.mjs';
import { byTheReadme } from '../lib/exchange.mjs';
import { ADDRESS, ownNetwork } from '../lib/network.mjs';
import * as phone from '../lib/phone.mjs';
import { out, run, until } from '../lib/tools.mjs';

/** What the phone on the desk says. */
const DESK_HZ = 620;

/** From the start of the program to the first word that comes back. A user has five minutes. */
const FIRST_CALL_MS = 60_000;

let home;
let network;
let browser;
let program;
let links;
let began;

before(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'sidetone-home-'));
  network = await ownNetwork();
  const { command, cwd, env } = await byTheReadme(home);
  began = Date.now();
  const [enter, ...how] = [...network.enter, ...command];
  program = run(enter, how, { cwd, env, name: 'exchange-start' });
  const greeting = await until('the greeting', () => {
    if (!program.running) throw new Error(program.text.slice(-3000));
    return /Configuration .*\n/.test(program.text) && program.text;
  });
  links = Object.fromEntries([...greeting.matchAll(/^ +(alice|bob) +(https:\S+)$/gm)].map(([, name, link]) => [name, link]));
  const wrapper = await network.wrapper(path.join(home, 'chromium'), process.env.CHROMIUM_BIN ?? '/usr/bin/chromium');
  browser = await startChromium({ program: wrapper });
});

afterEach(() => browser?.closePages());

after(async () => {
  await browser?.stop();
  await program?.stop();
  await network?.stop();
  if (home) await rm(home, { recursive: true, force: true });
});

/** Opens the link that was printed for an account. */
async function open(account) {
  const page = await browser.page();
  await page.open(links[account]);
  await phone.registered(page, account);
  return page;
}

test('the printed address leads to a call within a minute of the start', async () => {
  assert.match(links.alice, /^https:\/\/localhost:8089\/phone#account=alice&password=/);
  const alice = await open('alice');
  await alice.raw.click('.hint >> text=Echo');
  await alice.raw.keyboard.press('Enter');
  await phone.inPhase(alice, 'talking');
  await phone.assertHears(alice, 'alice');
  const took = Date.now() - began;
  assert.ok(took < FIRST_CALL_MS, `the first call came after ${took} ms`);
  await phone.hangUp(alice);
});

test('246 shows the own camera four times', async () => {
  const alice = await open('alice');
  await phone.call(alice, '246', { video: true });
  await phone.inPhase(alice, 'talking');
  await phone.phoneState(alice, 'four videos', ({ call }) => call?.videos === 4, 20_000);
  await phone.assertSees(alice, 'alice', 4);
  await alice.shoot(path.join(out, 'start-246.png'));
  await phone.hangUp(alice);
});

test('two windows call each other by the printed number', async () => {
  const alice = await open('alice');
  const bob = await open('bob');
  await phone.call(alice, '6002', { video: true });
  await phone.inPhase(bob, 'incoming');
  await bob.raw.click('text=With video');
  await phone.inPhase(alice, 'talking');
  await phone.assertHears(alice, 'alice');
  await phone.assertHears(bob, 'bob');
  await phone.assertSees(alice, 'alice', 1);
  await phone.assertSees(bob, 'bob', 1);
  await phone.hangUp(bob);
});

for (const [transport, port] of [['udp', 5060], ['tcp', 5060], ['tls', 5061]]) {
  test(`a phone on the desk signs in over ${transport} with the printed password and is called`, async () => {
    const password = /SIP phone +desk \/ (\S+) /.exec(program.text)?.[1];
    assert.ok(password, program.text);
    const address = `127.0.0.1:${port};transport=${transport}`;
    const desk = await startBaresipIn(network, { account: 'desk', password, address, hz: DESK_HZ });
    try {
      const alice = await open('alice');
      await phone.call(alice, '6003');
      await phone.inPhase(alice, 'talking');
      await phone.assertHears(alice, 'alice');
      const hz = await phone.pitch(alice);
      assert.ok(Math.abs(hz - DESK_HZ) < 5, `alice hears ${hz} Hz`);
      await phone.hangUp(alice);
    } finally {
      await desk.stop();
    }
  });
}

for (const [number, what] of [['601', 'a dial tone'], ['610', 'the tone of a line test'], ['620', 'a sentence'], ['500', 'the menu']]) {
  test(`${number} plays ${what}`, async () => {
    const alice = await open('alice');
    await phone.call(alice, number);
    await phone.inPhase(alice, 'talking');
    await until('sound', async () => phone.isAudible((await phone.listen(alice, 500)).heard));
    await phone.hangUp(alice).catch(() => phone.isOver(alice));
  });
}

test('the clear ports are there too: the site, and a WebSocket from this machine', async () => {
  const status = (...more) => network.within('curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', ...more);
  assert.match(await status('http://127.0.0.1:8088/phone'), /^[23]/);
  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: c2lkZXRvbmUtc3RhcnQtMQ==', 'Sec-WebSocket-Protocol: sip'];
  const headers = upgrade.flatMap((header) => ['-H', header]);
  const ws = (address) => status('--http1.1', '-m', '2', ...headers, `http://${address}:8088/ws`).catch((error) => String(error));
  assert.match(await ws('127.0.0.1'), /101/);
  assert.match(await ws(ADDRESS), /^4\d\d$/);
});

test('lost packets show in the bars, and so does their end', async () => {
  const alice = await open('alice');
  const bob = await open('bob');
  await phone.call(alice, '6002');
  await phone.inPhase(bob, 'incoming');
  await bob.evaluate(() => void window.sidetone.answer());
  await phone.inPhase(alice, 'talking');
  const level = () => alice.evaluate(() => Number(document.querySelector('.bars').dataset.level));
  const words = () => alice.evaluate(() => document.querySelector('.quality-words').textContent);
  await until('full bars', async () => (await level()) === 4);
  await network.within('nft', 'add table inet weather');
  await network.within('nft', 'add chain inet weather in { type filter hook input priority 0; }');
  // Ports of media only: a fifth of the packets is lost on each of the two ways.
  await network.within('nft', 'add rule inet weather in udp sport 10000-20000 numgen random mod 5 == 0 drop');
  await until('the bars to fall', async () => (await level()) <= 2 && /packets get lost/.test(await words()));
  await alice.shoot(path.join(out, 'phone-loss.png'));
  await network.within('nft', 'delete table inet weather');
  await until('full bars again', async () => (await level()) === 4);
  await phone.hangUp(alice);
});

test('the program ends when it is told to, and frees its ports', async () => {
  process.kill(program.pid, 'SIGTERM');
  assert.equal(await program.done, 0, program.text.slice(-1000));
  // Whatever is still bound: neither listening TCP nor UDP sockets are left in its network.
  const bound = (await network.within('ss', '-H', '-l', '-n', '-t', '-u')).trim();
  assert.doesNotMatch(bound, /:(5060|5061|8088|8089)\s/, bound);
});
