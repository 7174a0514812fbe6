// Stories of the web phone in Chromium.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startChromium } from '../lib/browsers.mjs';
import { startExchange } from '../lib/exchange.mjs';
import * as phone from '../lib/phone.mjs';
import { out, sleep } from '../lib/tools.mjs';

let exchange;
let browser;

before(async () => {
  exchange = await startExchange('phone');
  browser = await startChromium();
});

afterEach(() => browser.closePages());

after(async () => {
  await browser?.stop();
  await exchange?.stop();
});

test('the web phone registers, and the link that carried the password is erased', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  assert.equal(new URL(alice.raw.url()).hash, '');
  assert.deepEqual(alice.errors, []);
});

test('a wrong password is named in words', async () => {
  const page = await browser.page();
  await page.open(`${exchange.base}/phone`);
  await page.raw.fill('[name=account]', 'alice');
  await page.raw.fill('[name=password]', 'guessed');
  await page.raw.click('button[type=submit].primary');
  const { notice } = await phone.phoneState(page, 'a notice', (now) => now.notice !== null);
  assert.match(notice.title, /password|refused/i);
  assert.equal((await phone.state(page)).line, 'signed-out');
  await page.raw.waitForSelector('.notice:not([hidden])');
});

test('600 returns the tone that goes out', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  await phone.call(alice, '600');
  await phone.inPhase(alice, 'talking');
  await phone.assertHears(alice, 'alice');
  await alice.shoot(path.join(out, 'phone-echo.png'));
  await phone.hangUp(alice);
});

test('# leaves the echo: key presses arrive as telephone events', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  await phone.call(alice, '600');
  await phone.inPhase(alice, 'talking');
  await phone.assertHears(alice, 'alice');
  await alice.raw.keyboard.press('#');
  await phone.phoneState(alice, 'the echo to end the call', ({ call }) => call?.phase !== 'talking');
});

test('the digits 246 open the door behind 700, others do not', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  await phone.call(alice, '700');
  await phone.inPhase(alice, 'talking');
  await alice.raw.click('.controls >> text=Keypad');
  for (const digit of '246') await alice.raw.click(`.tone-pad [data-digit="${digit}"]`);
  await phone.assertHears(alice, 'alice');
  await phone.hangUp(alice);
  await phone.phoneState(alice, 'the keypad to return', ({ call }) => call === null);

  await phone.call(alice, '700');
  await phone.inPhase(alice, 'talking');
  await alice.evaluate(() => window.sidetone.dtmf('999'));
  await phone.phoneState(alice, 'the call to be ended', ({ call }) => call?.phase !== 'talking');
});

test('246 returns every video', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  await phone.call(alice, '246', { video: true });
  await phone.inPhase(alice, 'talking');
  await phone.phoneState(alice, 'four videos', ({ call }) => call?.videos === 4, 20_000);
  await phone.assertSees(alice, 'alice', 4);
  await phone.assertHears(alice, 'alice');
  await alice.shoot(path.join(out, 'phone-stream-echo.png'));
  await phone.hangUp(alice);
});

test('alice and bob hear and see each other, hold and resume', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  const bob = await phone.openPhone(browser, exchange, 'bob', {
    viewport: { width: 360, height: 740 },
    colorScheme: 'dark',
  });
  await phone.call(alice, 'bob', { video: true });
  await phone.inPhase(bob, 'incoming');
  await bob.shoot(path.join(out, 'phone-incoming.png'));
  await bob.raw.click('text=With video');
  await phone.inPhase(alice, 'talking');
  await phone.inPhase(bob, 'talking');
  await phone.assertHears(alice, 'alice');
  await phone.assertHears(bob, 'bob');
  await phone.assertSees(alice, 'alice', 1);
  await phone.assertSees(bob, 'bob', 1);
  await alice.shoot(path.join(out, 'phone-video-call.png'));
  await bob.shoot(path.join(out, 'phone-video-call-small.png'));

  await alice.raw.keyboard.press('h');
  await phone.phoneState(alice, 'alice to hold', ({ call }) => call?.heldHere);
  await sleep(1_500);
  const held = await phone.listen(alice, 2_000);
  assert.ok(!phone.isAudible(held.heard), `alice hears bob while he is on hold: ${held.heard}`);
  await alice.raw.keyboard.press('h');
  await phone.phoneState(alice, 'alice to resume', ({ call }) => call?.heldHere === false);
  await phone.assertHears(alice, 'alice after resuming');
  await phone.assertHears(bob, 'bob after resuming');
  await phone.assertSees(bob, 'bob after resuming', 1);

  await phone.hangUp(bob);
  await phone.phoneState(alice, 'alice to be told', ({ call }) => call === null || call.phase === 'ended');
});

test('a muted microphone is silent at the other end', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  const bob = await phone.openPhone(browser, exchange, 'bob');
  await phone.call(alice, 'bob');
  await phone.inPhase(bob, 'incoming');
  await bob.raw.keyboard.press('Enter');
  await phone.inPhase(alice, 'talking');
  await phone.assertHears(bob, 'bob');
  await alice.raw.keyboard.press('m');
  await sleep(1_500);
  const muted = await phone.listen(bob, 2_000);
  assert.ok(!phone.isAudible(muted.heard), `bob hears ${muted.heard} from a muted alice`);
  await phone.hangUp(alice);
});

test('busy, unknown and declined calls end in words', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  const endOf = async (number) => {
    await phone.call(alice, number);
    await phone.inPhase(alice, 'ended');
    const words = await alice.raw.textContent('.stage .phase');
    await phone.phoneState(alice, 'the keypad to return', ({ call }) => call === null);
    return words;
  };
  assert.match(await endOf('486'), /busy/);
  assert.match(await endOf('98765'), /does not exist/);
  const bob = await phone.openPhone(browser, exchange, 'bob');
  await phone.call(alice, 'bob');
  await phone.inPhase(bob, 'incoming');
  await bob.raw.keyboard.press('Escape');
  await phone.inPhase(alice, 'ended');
  assert.match(await alice.raw.textContent('.stage .phase'), /busy|declined/);
});

test('the phone comes back by itself after the exchange restarts', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  await exchange.halt();
  const { notice } = await phone.phoneState(alice, 'the loss to be shown', ({ line, notice: words }) =>
    line === 'reconnecting' && words !== null);
  assert.ok(notice.title.length > 0);
  await exchange.start();
  await phone.phoneState(alice, 'alice to be registered again', ({ line }) => line === 'registered', 40_000);
  await phone.call(alice, '600');
  await phone.inPhase(alice, 'talking');
  await phone.assertHears(alice, 'alice');
  await phone.hangUp(alice);
});

test('a browser that goes offline says so and returns', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  await alice.offline(true);
  await alice.raw.waitForFunction(() => /Offline/.test(document.querySelector('.line')?.textContent ?? ''));
  await alice.offline(false);
  await phone.registered(alice, 'alice');
  await alice.raw.waitForFunction(() => /Registered/.test(document.querySelector('.line')?.textContent ?? ''));
});
