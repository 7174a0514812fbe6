// A browser talks to baresip, in Opus and in G.711. Tones are measured at their frequency on both
// sides. SIPp: sipp-gateway.test.mjs.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startBaresip } from '../lib/baresip.mjs';
import { startChromium } from '../lib/browsers.mjs';
import { startExchange } from '../lib/exchange.mjs';
import * as phone from '../lib/phone.mjs';
import { out, sleep } from '../lib/tools.mjs';
import { shareOf, writeTone } from '../lib/wav.mjs';

/** What each browser says, and what each desk phone says. */
const BROWSER_HZ = 1_000;
const DESK_HZ = 440;

let exchange;
let browser;
let folder;
const desks = [];

before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'sidetone-gateway-'));
  const tone = path.join(folder, 'tone.wav');
  await writeTone(tone, BROWSER_HZ);
  exchange = await startExchange('gateway');
  browser = await startChromium({ speaks: tone });
});

afterEach(async () => {
  await browser.closePages();
  await Promise.all(desks.splice(0).map((desk) => desk.stop()));
});

after(async () => {
  await browser?.stop();
  await exchange?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function desk(options) {
  const one = await startBaresip(exchange, { hz: DESK_HZ, ...options });
  desks.push(one);
  return one;
}

/** The phone with a microphone that nothing filters: noise suppression would take a tone away. */
const openPhone = (account) => phone.openPhone(browser, exchange, account, { unfiltered: true });

/** Asserts that the desk phone heard the browser's tone in its last call. */
async function assertHeardBrowser(one, hz = BROWSER_HZ) {
  const share = await shareOf(await one.recording(), hz, 1);
  assert.ok(share > 0.8, `${hz} Hz is ${Math.round(share * 100)} % of what the desk phone heard`);
}

for (const { codec, account } of [
  { codec: 'PCMU', account: 'desk' },
  { codec: 'opus', account: 'opal' },
]) {
  test(`a browser calls a baresip that speaks ${codec}: tones arrive both ways, with hold and keys`, async () => {
    const baresip = await desk({ account, codec, answers: true });
    const alice = await openPhone('alice');
    await phone.call(alice, account);
    await phone.inPhase(alice, 'talking');
    await phone.assertPitch(alice, 'alice', DESK_HZ);
    await sleep(2_000);

    await alice.evaluate(() => window.sidetone.dtmf('5'));
    // In Opus Chromium sends nothing but the end packets of a key; baresip tells no digit then.
    await (codec === 'opus' ? baresip.happens('CALL_DTMF_END') : baresip.happens('CALL_DTMF_START', { param: '5' }));

    await alice.evaluate(() => window.sidetone.hold(true));
    await phone.phoneState(alice, 'alice to hold', ({ call }) => call?.heldHere);
    await phone.assertSilence(alice, 'alice while she holds');
    await alice.evaluate(() => window.sidetone.hold(false));
    await phone.phoneState(alice, 'alice to resume', ({ call }) => call?.heldHere === false);
    await phone.assertPitch(alice, 'alice after resuming', DESK_HZ);
    await phone.hangUp(alice);
    await baresip.happens('CALL_CLOSED');
    await assertHeardBrowser(baresip);
  });

  test(`a baresip that speaks ${codec} calls a browser, holds and resumes`, async () => {
    const alice = await openPhone('alice');
    const baresip = await desk({ account, codec });
    baresip.command('dial', baresip.address('alice'));
    await phone.inPhase(alice, 'incoming');
    await alice.evaluate(() => void window.sidetone.answer());
    await baresip.happens('CALL_ESTABLISHED');
    await phone.assertPitch(alice, 'alice', DESK_HZ);
    await sleep(2_000);
    baresip.command('hold');
    await phone.assertNoPitch(alice, 'alice on hold', DESK_HZ);
    baresip.command('resume');
    await phone.assertPitch(alice, 'alice, taken back', DESK_HZ);
    baresip.command('hangup');
    await phone.isOver(alice, 'alice');
    await assertHeardBrowser(baresip);
  });
}

/** Alice, who talks with the desk phone that says 440 Hz. */
async function aliceWithDesk({ codec, account } = { codec: 'PCMU', account: 'desk' }) {
  const baresip = await desk({ account, codec, answers: true });
  const alice = await openPhone('alice');
  await phone.call(alice, account);
  await phone.inPhase(alice, 'talking');
  await phone.assertPitch(alice, 'alice', DESK_HZ);
  return { alice, baresip };
}

const free = (page, who) => phone.phoneState(page, `${who} to be free`, ({ call, waiting }) => call === null && waiting === null, 20_000);

for (const { codec, account, how } of [
  { codec: 'PCMU', account: 'desk', how: '' },
  { codec: 'opus', account: 'opal', how: ', in Opus' },
]) {
  test(`a browser transfers a desk phone to another browser without asking${how}`, async () => {
    const { alice, baresip } = await aliceWithDesk({ codec, account });
    const carol = await openPhone('carol');
    await alice.evaluate(() => window.sidetone.transfer('carol'));
    await phone.inPhase(carol, 'incoming');
    await carol.evaluate(() => void window.sidetone.answer());
    await phone.assertPitch(carol, 'carol', DESK_HZ);
    await free(alice, 'alice');
    await sleep(1_500);
    await phone.hangUp(carol);
    await baresip.happens('CALL_CLOSED');
    await assertHeardBrowser(baresip);
  });

  test(`a browser asks first and then connects the two${how}`, async () => {
    const { alice, baresip } = await aliceWithDesk({ codec, account });
    const carol = await openPhone('carol');
    await alice.raw.click('.controls >> text=Transfer');
    await alice.raw.fill('[name=transfer-to]', 'carol');
    await alice.raw.click('text=Ask first');
    await phone.inPhase(carol, 'incoming');
    await carol.evaluate(() => void window.sidetone.answer());
    await phone.phoneState(alice, 'alice to talk with carol', ({ call, waiting }) =>
      call?.number === 'carol' && call.phase === 'talking' && waiting?.number === account);
    await phone.assertPitch(carol, 'carol, asked by alice', BROWSER_HZ);
    await alice.shoot(path.join(out, 'phone-consultation.png'));
    await alice.raw.click('text=Connect them');
    await phone.assertPitch(carol, 'carol, connected', DESK_HZ);
    await free(alice, 'alice');
    await phone.hangUp(carol);
    await baresip.happens('CALL_CLOSED');
  });

  test(`a desk phone transfers a browser to another desk phone${how}`, async () => {
    const { alice, baresip } = await aliceWithDesk({ codec, account });
    await desk({ account: 'tablet', hz: 600, answers: true });
    baresip.command('transfer', baresip.address('tablet'));
    await phone.assertPitch(alice, 'alice', 600);
    await phone.hangUp(alice);
  });

  test(`a desk phone opens the door behind 700 with its keys${how}`, async () => {
    const baresip = await desk({ account, codec });
    baresip.command('dial', baresip.address('700'));
    await baresip.happens('CALL_ESTABLISHED');
    await sleep(500);
    for (const digit of '246') {
      baresip.command('sndcode', digit);
      await sleep(400);
    }
    // Behind the door is the echo: the phone hears its own tone. Anything else ends the call.
    await sleep(3_500);
    baresip.command('hangup');
    await baresip.happens('CALL_CLOSED');
    await assertHeardBrowser(baresip, DESK_HZ);
  });
}

test('a consultation that comes to nothing leads back to the first call', async () => {
  const { alice } = await aliceWithDesk();
  await alice.evaluate(() => void window.sidetone.consult('486'));
  await phone.phoneState(alice, 'the first call to be back', ({ call, waiting }) =>
    call?.number === 'desk' && call.phase === 'talking' && waiting === null && !call.heldHere);
  await phone.assertPitch(alice, 'alice', DESK_HZ);
  await phone.hangUp(alice);
});

test('a transfer to nobody says why, and the call goes on', async () => {
  const { alice } = await aliceWithDesk();
  await alice.evaluate(() => window.sidetone.transfer('98765'));
  const { notice } = await phone.phoneState(alice, 'a notice', ({ notice: now }) => now !== null);
  assert.match(notice.title, /Not transferred/);
  await phone.phoneState(alice, 'the call to go on', ({ call }) => call?.phase === 'talking' && !call.transferring);
  await phone.assertPitch(alice, 'alice', DESK_HZ);
  await phone.hangUp(alice);
});

test('Milliwatt is heard at 1004 Hz in a browser', async () => {
  const alice = await openPhone('alice');
  await phone.call(alice, '1004');
  await phone.inPhase(alice, 'talking');
  await phone.assertPitch(alice, 'alice', 1_004);
  await phone.hangUp(alice);
});
