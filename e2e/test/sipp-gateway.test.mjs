// A browser and phones that SIPp plays, in Opus and in G.711: tones both ways, hold, keys, and calls
// handed over by either side, without asking (REFER) and after asking (REFER with Replaces). Then a
// trunk that wants a password.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startBaresip } from '../lib/baresip.mjs';
import { startChromium } from '../lib/browsers.mjs';
import { TRUNK } from '../lib/config.mjs';
import { startExchange } from '../lib/exchange.mjs';
import * as phone from '../lib/phone.mjs';
import { mediaPeer } from '../lib/rtp.mjs';
import { CODECS, sipp } from '../lib/sipp.mjs';
import { freePort, until } from '../lib/tools.mjs';
import { writeTone } from '../lib/wav.mjs';

/** What each browser says, what a phone of SIPp says in G.711, and what a baresip says. */
const BROWSER_HZ = 1_000;
const SIPP_HZ = 440;
const BARESIP_HZ = 600;

/** How much of what a phone hears must be the browser's tone. */
const CLEAR = 0.8;

let exchange;
let browser;
let folder;
const open = [];

before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'sidetone-sipp-gateway-'));
  const tone = path.join(folder, 'tone.wav');
  await writeTone(tone, BROWSER_HZ);
  exchange = await startExchange('sipp-gateway');
  browser = await startChromium({ speaks: tone });
});

afterEach(async () => {
  await browser.closePages();
  for (const one of open.splice(0)) await one();
});

after(async () => {
  await browser?.stop();
  await exchange?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** The phone with a microphone that nothing filters: noise suppression would take a tone away. */
const openPhone = (account) => phone.openPhone(browser, exchange, account, { unfiltered: true });

/** Media for SIPp: in G.711 a tone of its own; Opus it cannot encode, and returns the browser's. */
async function mediaFor(codec) {
  const media = await mediaPeer({ hz: codec === 'PCMU' ? SIPP_HZ : null });
  open.push(() => media.close());
  return media;
}

/** What a browser hears from a phone with such media. */
const heardFrom = (codec) => (codec === 'PCMU' ? SIPP_HZ : BROWSER_HZ);

async function play(scenario, options) {
  const program = await sipp(scenario, { port: exchange.ports.udp, args: ['-m', '1'], ...options });
  open.push(() => program.stop());
  return program;
}

/** A phone of SIPp that is registered and waits for a call. */
async function answering(account, codec, media) {
  const localPort = await freePort();
  const register = await play('register', { account, localPort });
  await register.done();
  return play('answer', { account, localPort, keys: { ...CODECS[codec], media: media.port } });
}

async function baresip(account = 'desk') {
  const one = await startBaresip(exchange, { account, hz: BARESIP_HZ, answers: true });
  open.push(() => one.stop());
  return one;
}

/** Asserts that the phone hears the browser's tone; Opus is not decoded there. */
async function assertHearsBrowser(codec, media) {
  if (codec !== 'PCMU') return;
  await until(`the phone to hear ${BROWSER_HZ} Hz`, () => media.hears(BROWSER_HZ) > CLEAR);
}

const free = (page, who) =>
  phone.phoneState(page, `${who} to be free`, ({ call, waiting }) => call === null && waiting === null, 20_000);

for (const { codec, account } of [
  { codec: 'PCMU', account: 'tablet' },
  { codec: 'opus', account: 'opal' },
]) {
  const hz = heardFrom(codec);

  test(`a browser calls a SIPp that speaks ${codec}: tones, keys, hold, and hands it to another browser`, async () => {
    const media = await mediaFor(codec);
    const desk = await answering(account, codec, media);
    const alice = await openPhone('alice');
    const carol = await openPhone('carol');
    await phone.call(alice, account);
    await phone.inPhase(alice, 'talking');
    await phone.assertPitch(alice, 'alice', hz);
    await assertHearsBrowser(codec, media);

    await alice.evaluate(() => window.sidetone.dtmf('5#'));
    await until('the keys to arrive', () => media.pressed === '5#').catch((error) => {
      throw new Error(`${error.message}: “${media.pressed}”`);
    });

    await alice.evaluate(() => window.sidetone.hold(true));
    await phone.phoneState(alice, 'alice to hold', ({ call }) => call?.heldHere);
    await phone.assertSilence(alice, 'alice while she holds');
    await alice.evaluate(() => window.sidetone.hold(false));
    await phone.phoneState(alice, 'alice to resume', ({ call }) => call?.heldHere === false);
    await phone.assertPitch(alice, 'alice after resuming', hz);
    await assertHearsBrowser(codec, media);

    await alice.evaluate(() => window.sidetone.transfer('carol'));
    await phone.inPhase(carol, 'incoming');
    await carol.evaluate(() => void window.sidetone.answer());
    await phone.assertPitch(carol, 'carol', hz);
    await assertHearsBrowser(codec, media);
    await free(alice, 'alice');
    await phone.hangUp(carol);
    await desk.done();
  });

  test(`a browser asks first and then hands a SIPp that speaks ${codec} over`, async () => {
    const media = await mediaFor(codec);
    const desk = await answering(account, codec, media);
    const alice = await openPhone('alice');
    const carol = await openPhone('carol');
    await phone.call(alice, account);
    await phone.inPhase(alice, 'talking');
    await alice.evaluate(() => void window.sidetone.consult('carol'));
    await phone.inPhase(carol, 'incoming');
    await carol.evaluate(() => void window.sidetone.answer());
    await phone.phoneState(alice, 'alice to talk with carol', ({ call, waiting }) =>
      call?.number === 'carol' && call.phase === 'talking' && waiting?.number === account);
    await alice.evaluate(() => window.sidetone.completeTransfer());
    await phone.assertPitch(carol, 'carol, connected', hz);
    await assertHearsBrowser(codec, media);
    await free(alice, 'alice');
    await phone.hangUp(carol);
    await desk.done();
  });

  test(`a SIPp that speaks ${codec} calls a browser, holds, resumes and hands it to a desk phone`, async () => {
    const media = await mediaFor(codec);
    await baresip();
    const alice = await openPhone('alice');
    const caller = await play('transfer', {
      account,
      localPort: await freePort(),
      keys: { ...CODECS[codec], media: media.port, number: 'alice', target: 'desk' },
    });
    await phone.inPhase(alice, 'incoming');
    await alice.evaluate(() => void window.sidetone.answer());
    await phone.assertPitch(alice, 'alice', hz);
    await assertHearsBrowser(codec, media);
    await caller.cue();
    await phone.assertNoPitch(alice, 'alice on hold', hz);
    await caller.cue();
    await phone.assertPitch(alice, 'alice, taken back', hz);
    await caller.cue();
    await phone.assertPitch(alice, 'alice, handed over', BARESIP_HZ);
    await caller.done();
    await phone.hangUp(alice);
  });

  test(`a SIPp that speaks ${codec} asks a desk phone first and then connects it with a browser`, async () => {
    const media = await mediaFor(codec);
    const desk = await baresip();
    const alice = await openPhone('alice');
    const caller = await play('attended', {
      account,
      localPort: await freePort(),
      keys: { ...CODECS[codec], media: media.port, number: 'alice', target: 'desk' },
    });
    await phone.inPhase(alice, 'incoming');
    await alice.evaluate(() => void window.sidetone.answer());
    await phone.assertPitch(alice, 'alice', hz);
    await caller.cue();
    await desk.happens('CALL_ESTABLISHED');
    await phone.assertNoPitch(alice, 'alice on hold', hz);
    await caller.cue();
    await phone.assertPitch(alice, 'alice, connected', BARESIP_HZ);
    await caller.done();
    await phone.hangUp(alice);
    await desk.happens('CALL_CLOSED');
  });

  test(`the keys of a SIPp that speaks ${codec} open the door behind 700`, async () => {
    const media = await mediaPeer();
    open.push(() => media.close());
    const call = await play('call', {
      account,
      localPort: await freePort(),
      talkMs: 6_000,
      keys: { ...CODECS[codec], media: media.port, number: '700' },
    });
    media.aim(Number(await call.logged(/media port (\d+)/)));
    await media.press('246');
    await media.send(2_000, CODECS[codec].format);
    await call.done();
    const { sent, returned } = media.result;
    // The echo begins a moment after the last key.
    assert.ok(returned > sent / 2, `${returned} of ${sent} packets came back from behind the door`);
  });
}

/** The name and value pairs of a header with credentials. */
const pairsOf = (text) => Object.fromEntries([...text.matchAll(/(\w+)=(?:"([^"]*)"|([^",\s]+))/g)].map(([, name, quoted, bare]) => [name, quoted ?? bare]));

/** Whether credentials show the secret (RFC 7616 §3.4.1, MD5 with qop). */
function proves(credentials, secret) {
  const md5 = (...parts) => createHash('md5').update(parts.join(':')).digest('hex');
  const { username, realm, uri, nonce, nc, cnonce, qop, response } = pairsOf(credentials);
  return response === md5(md5(username, realm, secret), nonce, nc, cnonce, qop, md5('INVITE', uri));
}

for (const { status, header, proof } of [
  { status: '401 Unauthorized', header: 'WWW-Authenticate', proof: 'Authorization' },
  { status: '407 Proxy Authentication Required', header: 'Proxy-Authenticate', proof: 'Proxy-Authorization' },
]) {
  const code = status.slice(0, 3);
  const trunk = async (media) =>
    play('trunk', {
      account: TRUNK.user,
      localPort: exchange.ports.trunk,
      keys: { ...CODECS.PCMU, media: media.port },
      words: { status, header, proof },
    });
  const shown = async (gateway) => {
    const [callId, credentials] = (await gateway.logged(/call (\S+ proves .*)/)).split(' proves ');
    assert.equal(pairsOf(credentials).username, TRUNK.user);
    return { callId, right: proves(credentials, TRUNK.secret) };
  };

  test(`a browser calls through a trunk that asks for a password with ${code}`, async () => {
    const media = await mediaFor('PCMU');
    const gateway = await trunk(media);
    const alice = await openPhone('alice');
    await phone.call(alice, '0123');
    const { callId, right } = await shown(gateway);
    assert.ok(right, 'the trunk is told a wrong password');
    await gateway.cue({ callId });
    await phone.inPhase(alice, 'talking');
    await phone.assertPitch(alice, 'alice', SIPP_HZ);
    await assertHearsBrowser('PCMU', media);
    await phone.hangUp(alice);
    await gateway.done();
  });

  test(`a trunk that refuses our password after ${code} ends the call in words`, async () => {
    const gateway = await trunk({ port: await freePort() });
    const alice = await openPhone('alice');
    await phone.call(alice, '8123');
    const { callId, right } = await shown(gateway);
    assert.ok(!right, 'the trunk is told the right password');
    await gateway.cue({ callId, method: 'INFO' });
    await phone.inPhase(alice, 'ended');
    assert.notEqual(await alice.raw.textContent('.stage .phase'), '');
    await gateway.done();
  });
}
