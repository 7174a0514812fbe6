// The web phone in Firefox: another ICE, another DTLS, another SDP.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startChromium, startFirefox } from '../lib/browsers.mjs';
import { cable } from '../lib/cable.mjs';
import { startExchange } from '../lib/exchange.mjs';
import * as phone from '../lib/phone.mjs';
import { out } from '../lib/tools.mjs';

let exchange;
let browser;

before(async () => {
  exchange = await startExchange('firefox');
  browser = await startFirefox();
});

afterEach(() => browser.closePages());

after(async () => {
  await browser?.stop();
  await exchange?.stop();
});

test('Firefox registers and hears itself at 600', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  await phone.call(alice, '600');
  await phone.inPhase(alice, 'talking');
  await phone.assertHears(alice, 'alice');
  await alice.shoot(path.join(out, 'firefox-echo.png'));
  await phone.hangUp(alice);
});

test('Firefox names a wrong password in words', async () => {
  const page = await browser.page();
  await page.open(exchange.phone('alice', 'guessed'));
  const { notice } = await phone.phoneState(page, 'a notice', (now) => now.notice !== null);
  assert.match(notice.title, /^(Wrong account or password|The exchange refused this account)$/);
  assert.equal((await phone.state(page)).line, 'signed-out');
});

test('Firefox comes back by itself after its line was cut', async () => {
  const line = await cable(exchange.ports.https);
  try {
    const alice = await phone.openPhoneOver(line, browser, exchange, 'alice');
    line.pull();
    await phone.phoneState(alice, 'the loss to be shown', ({ line: now, notice }) =>
      now === 'reconnecting' && notice?.title === 'Connection lost');
    line.plug();
    await phone.registered(alice, 'alice');
    await phone.call(alice, '600');
    await phone.inPhase(alice, 'talking');
    await phone.assertHears(alice, 'alice');
    await phone.hangUp(alice);
  } finally {
    await line.stop();
  }
});

test('keys pressed in Firefox open the door behind 700', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  await phone.call(alice, '700');
  await phone.inPhase(alice, 'talking');
  for (const digit of '246') await alice.raw.keyboard.press(digit);
  await phone.assertHears(alice, 'alice');
  await alice.raw.keyboard.press('#');
  await phone.phoneState(alice, 'the echo to end the call', ({ call }) => call?.phase !== 'talking');
});

test('Firefox sees every video of 246', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  await phone.call(alice, '246', { video: true });
  await phone.inPhase(alice, 'talking');
  await phone.phoneState(alice, 'four videos', ({ call }) => call?.videos === 4, 20_000);
  await phone.assertSees(alice, 'alice', 4);
  await alice.shoot(path.join(out, 'firefox-stream-echo.png'));
  await phone.hangUp(alice);
});

test('Firefox and Chromium talk to each other, hold and resume', async () => {
  const other = await startChromium();
  try {
    const alice = await phone.openPhone(browser, exchange, 'alice');
    const bob = await phone.openPhone(other, exchange, 'bob');
    await phone.call(alice, 'bob', { video: true });
    await phone.inPhase(bob, 'incoming');
    await bob.evaluate(() => void window.sidetone.answer({ video: true }));
    await phone.inPhase(alice, 'talking');
    await phone.assertHears(alice, 'alice in Firefox');
    await phone.assertHears(bob, 'bob in Chromium');
    await phone.assertSees(alice, 'alice in Firefox', 1);
    await phone.assertSees(bob, 'bob in Chromium', 1);

    await alice.raw.keyboard.press('h');
    await phone.phoneState(alice, 'alice to hold', ({ call }) => call?.heldHere);
    await phone.assertSilence(alice, 'alice in Firefox while she holds');
    await alice.raw.keyboard.press('h');
    await phone.phoneState(alice, 'alice to resume', ({ call }) => call?.heldHere === false);
    await phone.assertHears(alice, 'alice in Firefox after resuming');
    await phone.assertHears(bob, 'bob in Chromium after resuming');
    await phone.assertSees(bob, 'bob in Chromium after resuming', 1);
    await bob.raw.keyboard.press('h');
    await phone.phoneState(bob, 'bob to hold', ({ call }) => call?.heldHere);
    await phone.assertSilence(bob, 'bob in Chromium while he holds');
    await bob.raw.keyboard.press('h');
    await phone.phoneState(bob, 'bob to resume', ({ call }) => call?.heldHere === false);
    await phone.assertHears(alice, 'alice after bob resumed');
    await phone.hangUp(alice);
  } finally {
    await other.stop();
  }
});
