// The web phone in Firefox: another ICE, another DTLS, another SDP.
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startChromium, startFirefox } from '../lib/browsers.mjs';
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

test('Firefox sees every video of 246', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  await phone.call(alice, '246', { video: true });
  await phone.inPhase(alice, 'talking');
  await phone.phoneState(alice, 'four videos', ({ call }) => call?.videos === 4, 20_000);
  await phone.assertSees(alice, 'alice', 4);
  await alice.shoot(path.join(out, 'firefox-stream-echo.png'));
  await phone.hangUp(alice);
});

test('Firefox and Chromium talk to each other', async () => {
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
    await phone.hangUp(alice);
    } finally {
    await other.stop();
  }
});
