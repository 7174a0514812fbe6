// How the phone looks and how it is used without a mouse: on a telephone and on a desk, in light and
// dark, each view is measured and photographed; calls are made and taken with the keyboard alone.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startChromium } from '../lib/browsers.mjs';
import { passwordOf } from '../lib/config.mjs';
import { startExchange } from '../lib/exchange.mjs';
import { assertAtHand, assertLooksRight, assertNamed, focus, isDark, tabTo } from '../lib/look.mjs';
import * as phone from '../lib/phone.mjs';
import { out } from '../lib/tools.mjs';

let exchange;
let browser;

before(async () => {
  exchange = await startExchange('look');
  browser = await startChromium();
});

afterEach(() => browser.closePages());

after(async () => {
  await browser?.stop();
  await exchange?.stop();
});

/** Windows in which the phone must look right. */
const WINDOWS = {
  'a telephone in the dark': { viewport: { width: 360, height: 740 }, colorScheme: 'dark', hasTouch: true },
  'a small telephone': { viewport: { width: 320, height: 568 }, colorScheme: 'light', hasTouch: true },
  'a telephone on its side': { viewport: { width: 740, height: 360 }, colorScheme: 'light', hasTouch: true },
  'a desk in the dark': { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  'a desk by day': { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
};

for (const [name, window] of Object.entries(WINDOWS)) {
  test(`every view fits ${name}`, async () => {
    const check = async (page, view) => {
      await assertLooksRight(page, `${view} on ${name}`);
      await assertNamed(page, `${view} on ${name}`);
      await page.shoot(path.join(out, `look-${name.replaceAll(' ', '-')}-${view.replaceAll(' ', '-')}.png`));
    };
    const page = await browser.page(window);
    await page.open(`${exchange.base}/phone`);
    await page.raw.waitForSelector('.sign-in:not([hidden])');
    assert.equal(await isDark(page), window.colorScheme === 'dark');
    await check(page, 'sign in');

    const bob = await phone.openPhone(browser, exchange, 'bob', window);
    await check(bob, 'keypad');
    await bob.raw.click('[aria-label=Settings]');
    await check(bob, 'settings');
    await bob.raw.keyboard.press('Escape');

    const alice = await phone.openPhone(browser, exchange, 'alice');
    await phone.call(alice, 'bob', { video: true });
    await phone.inPhase(bob, 'incoming');
    await check(bob, 'incoming');
    await assertAtHand(bob, ['.answer.accept', '.answer.decline'], name);
    await bob.raw.click('text=With video');
    await phone.inPhase(bob, 'talking');
    await phone.assertSees(bob, 'bob', 1);
    await phone.phoneState(bob, 'the figures of the call', () =>
      bob.evaluate(() => document.querySelectorAll('.quality-videos dd').length === 2));
    await check(bob, 'video call');
    await assertAtHand(bob, ['.control.hang-up', '.control'], name);
    await bob.raw.click('.controls >> text=Keypad');
    await check(bob, 'keys in a call');
    await bob.raw.click('.controls >> text=Transfer');
    await check(bob, 'transfer');
    await phone.hangUp(alice);
    await phone.inPhase(bob, 'ended');
    await check(bob, 'ended');
    await phone.phoneState(bob, 'the keypad to return', ({ call }) => call === null);
    await check(bob, 'recent calls');
  });
}

test('signing in, calling, muting, holding, keys and hanging up need no mouse', async () => {
  const alice = await browser.page();
  const { keyboard } = alice.raw;
  await alice.open(`${exchange.base}/phone`);
  await alice.raw.waitForSelector('.sign-in:not([hidden])');
  await tabTo(alice, 'Account');
  await keyboard.type('alice');
  await tabTo(alice, 'Password');
  await keyboard.type(passwordOf('alice'));
  await keyboard.press('Enter');
  await phone.registered(alice, 'alice');

  // Digits go into the dial field wherever the focus is.
  await keyboard.type('600');
  assert.equal(await alice.raw.inputValue('[name=number]'), '600');
  await tabTo(alice, 'Call');
  await keyboard.press('Enter');
  await phone.inPhase(alice, 'talking');
  await phone.assertHears(alice, 'alice');
  await keyboard.press('m');
  await phone.phoneState(alice, 'alice to be muted', ({ call }) => call?.muted);
  await keyboard.press('m');
  await phone.phoneState(alice, 'alice to speak', ({ call }) => call?.muted === false);
  await keyboard.press('h');
  await phone.phoneState(alice, 'alice to hold', ({ call }) => call?.heldHere);
  await phone.assertSilence(alice, 'alice while she holds');
  await keyboard.press('h');
  await phone.phoneState(alice, 'alice to resume', ({ call }) => call?.heldHere === false);
  await tabTo(alice, 'Keypad');
  await keyboard.press('Enter');
  assert.equal((await focus(alice)).name, '1');
  await tabTo(alice, 'pound');
  await keyboard.press('Enter'); // # ends the echo
  await phone.phoneState(alice, 'the echo to end the call', ({ call }) => call?.phase !== 'talking');
});

test('a call is taken, handed over and declined without a mouse', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  const bob = await phone.openPhone(browser, exchange, 'bob');
  const carol = await phone.openPhone(browser, exchange, 'carol');
  await phone.call(alice, 'bob');
  await phone.inPhase(bob, 'incoming');
  assert.equal((await focus(bob)).name, 'Answer');
  await bob.raw.keyboard.press('Enter');
  await phone.inPhase(bob, 'talking');
  await bob.raw.keyboard.press('t');
  assert.equal((await focus(bob)).name, 'Transfer to');
  await bob.raw.keyboard.type('carol');
  await bob.raw.keyboard.press('Enter');
  await phone.inPhase(carol, 'incoming');
  await carol.raw.keyboard.press('Escape');
  const { notice } = await phone.phoneState(bob, 'bob to be told', (now) => now.notice !== null && now.call === null);
  assert.match(notice.title, /^Not transferred$/);
  await phone.isOver(alice, 'alice');
});
