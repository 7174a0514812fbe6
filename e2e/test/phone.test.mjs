// Stories of the web phone in Chromium.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startChromium } from '../lib/browsers.mjs';
import { cable } from '../lib/cable.mjs';
import { startExchange } from '../lib/exchange.mjs';
import * as phone from '../lib/phone.mjs';
import { out, sleep, until } from '../lib/tools.mjs';

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
  assert.match(notice.title, /^(Wrong account or password|The exchange refused this account)$/);
  assert.match(notice.text, /“alice”/);
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
  assert.equal(await bob.raw.textContent('.incoming .phase'), 'Incoming video call');
  await bob.shoot(path.join(out, 'phone-incoming.png'));
  await bob.raw.click('text=With video');
  await phone.inPhase(alice, 'talking');
  await phone.inPhase(bob, 'talking');
  await phone.assertHears(alice, 'alice');
  await phone.assertHears(bob, 'bob');
  await phone.assertSees(alice, 'alice', 1);
  await phone.assertSees(bob, 'bob', 1);
  // Media is anchored (NAT-21): no port of the other browser was ever told.
  const ports = (all, type) => all.filter((stat) => stat.type === type).map(({ port }) => port);
  const [ofAlice, ofBob] = [await phone.stats(alice), await phone.stats(bob)];
  for (const [own, other] of [
    [ofAlice, ofBob],
    [ofBob, ofAlice],
  ]) {
    const told = ports(own, 'remote-candidate');
    const theirs = ports(other, 'local-candidate');
    assert.ok(told.length > 0 && theirs.length > 0, 'candidates are in the statistics');
    assert.deepEqual(told.filter((port) => theirs.includes(port)), []);
  }
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
  await phone.isOver(alice, 'alice');
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
  assert.match(notice.title, /^(The exchange closed the connection|Connection lost)$/);
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
  await alice.raw.waitForSelector('.notice[data-tone=warning] >> text=No network');
  await alice.offline(false);
  await phone.registered(alice, 'alice');
  await alice.raw.waitForFunction(() => /Registered/.test(document.querySelector('.line')?.textContent ?? ''));
});

test('the line that is cut is told in words and comes back, and so do calls', async () => {
  const line = await cable(exchange.ports.https);
  try {
    const alice = await phone.openPhoneOver(line, browser, exchange, 'alice');
    line.pull();
    const { notice } = await phone.phoneState(alice, 'the loss to be shown', ({ line: now, notice: words }) =>
      now === 'reconnecting' && words !== null);
    assert.match(notice.title, /^Connection lost$/);
    await alice.raw.waitForFunction(() => /Reconnecting/.test(document.querySelector('.line')?.textContent ?? ''));
    line.plug();
    await phone.registered(alice, 'alice');
    assert.equal((await phone.state(alice)).notice, null);
    const bob = await phone.openPhone(browser, exchange, 'bob');
    await phone.call(bob, 'alice');
    await phone.inPhase(alice, 'incoming');
    await alice.evaluate(() => void window.sidetone.answer());
    await phone.inPhase(bob, 'talking');
    await phone.assertHears(alice, 'alice');
    await phone.assertHears(bob, 'bob');
    await phone.hangUp(bob);
  } finally {
    await line.stop();
  }
});

test('a call outlives a cut of the line, and the exchange finds it again', async () => {
  const line = await cable(exchange.ports.https);
  try {
    const alice = await phone.openPhoneOver(line, browser, exchange, 'alice');
    const bob = await phone.openPhone(browser, exchange, 'bob');
    await phone.call(alice, 'bob');
    await phone.inPhase(bob, 'incoming');
    await bob.evaluate(() => void window.sidetone.answer());
    await phone.inPhase(alice, 'talking');
    await phone.assertHears(bob, 'bob');
    line.pull();
    await phone.phoneState(alice, 'the loss to be shown', ({ line: now }) => now === 'reconnecting');
    await phone.assertHears(bob, 'bob while alice has no line');
    line.plug();
    await phone.registered(alice, 'alice');
    await phone.assertHears(alice, 'alice after the cut');
    await phone.assertHears(bob, 'bob after the cut');
    // What the exchange says reaches alice by her new connection.
    await phone.hangUp(bob);
    await phone.isOver(alice, 'alice');
  } finally {
    await line.stop();
  }
});

test('the camera comes and goes in a call, and the figures beside it are real', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  const bob = await phone.openPhone(browser, exchange, 'bob');
  await phone.call(alice, 'bob', { video: true });
  await phone.inPhase(bob, 'incoming');
  await bob.evaluate(() => void window.sidetone.answer());
  await phone.inPhase(alice, 'talking');
  await phone.assertSees(bob, 'bob', 1);
  const panel = (page) => page.evaluate(() => {
    const texts = (list) => [...document.querySelectorAll(list)].map((element) => element.textContent);
    return {
      bars: [...document.querySelectorAll('.bars')].map((bars) => [Number(bars.dataset.level), bars.getAttribute('aria-label')]),
      words: texts('.quality-words'),
      audio: texts('.direction:first-of-type .figures dd'),
      trip: texts('.quality > .figures:not(.quality-videos) dd'),
      videos: Object.fromEntries(texts('.quality-videos dt').map((name, at) => [name, texts('.quality-videos dd')[at]])),
    };
  });

  // On the loopback nothing is lost: four bars both ways, and what Opus sends.
  const quiet = await until('four bars both ways', async () => {
    const now = await panel(alice);
    return now.bars.every(([level]) => level === 4) && now;
  });
  assert.deepEqual(quiet.bars, [[4, '4 of 4 bars'], [4, '4 of 4 bars']]);
  assert.deepEqual(quiet.words, ['Excellent', 'Excellent']);
  const [jitter, loss, rate, codec] = quiet.audio;
  assert.match(jitter, /^\d+ ms$/);
  assert.equal(loss, '0.0 %');
  assert.ok(parseInt(rate, 10) >= 10 && parseInt(rate, 10) <= 200, rate);
  assert.equal(codec, 'opus');
  assert.match(quiet.trip[0], /^\d+ ms$/);

  /** The figures of a video: size, pictures a second, bit rate. */
  const video = async (page, name) => {
    const [text] = Object.entries((await panel(page)).videos).filter(([key]) => key.startsWith(name)).map(([, value]) => value);
    const [, width, height, fps, kbps] = /^(\d+)×(\d+) · (\d+)\/s · (\d+) kbit\/s$/.exec(text ?? '')?.map(Number) ?? [];
    return { width, height, fps, kbps };
  };
  await until('bob’s figures of a moving picture', async () => {
    const now = await video(bob, 'Video in');
    return now.width >= 160 && now.width * 3 === now.height * 4 && now.fps >= 5 && now.kbps >= 20;
  });
  await until('alice’s figures of her camera', async () => {
    const now = await video(alice, 'Video out');
    return now.width >= 160 && now.fps >= 5 && now.kbps >= 20;
  });
  await alice.raw.waitForSelector('.preview:not([hidden])');

  await alice.raw.keyboard.press('v');
  await alice.raw.waitForSelector('.preview', { state: 'hidden' });
  await until('the pictures to stop', async () => {
    const { frames } = await phone.listen(bob, 1_000);
    return frames.every((grown) => grown === 0);
  });
  await until('the figures to fall to nothing', async () => (await video(bob, 'Video in')).fps === 0);
  await phone.assertHears(bob, 'bob without pictures');

  await alice.raw.keyboard.press('v');
  await phone.assertSees(bob, 'bob again', 1);
  await phone.hangUp(alice);
});

test('a camera switched on in the middle of a call of voices is seen on the other side', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  const bob = await phone.openPhone(browser, exchange, 'bob');
  await phone.call(alice, 'bob');
  await phone.inPhase(bob, 'incoming');
  await bob.evaluate(() => void window.sidetone.answer());
  await phone.inPhase(alice, 'talking');
  await phone.assertHears(bob, 'bob before');
  await phone.phoneState(bob, 'no picture', ({ call }) => call?.videos === 0);

  await alice.raw.keyboard.press('v');
  await phone.assertSees(bob, 'bob', 1);
  await phone.assertHears(bob, 'bob');
  await phone.assertHears(alice, 'alice');
  await phone.hangUp(alice);
});
