// What Chromium asks before a call and which devices it takes: the microphone refused and then
// allowed, the camera refused, devices chosen before and during a call, none at all.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startChromium } from '../lib/browsers.mjs';
import { startExchange } from '../lib/exchange.mjs';
import * as phone from '../lib/phone.mjs';
import { until } from '../lib/tools.mjs';

let exchange;
let browser;

before(async () => {
  exchange = await startExchange('devices');
  browser = await startChromium({ asks: true });
});

afterEach(() => browser.closePages());

after(async () => {
  await browser?.stop();
  await exchange?.stop();
});

/** A registered phone whose page may use what `allowed` names and nothing else. */
async function openPhone(account, { allowed = [], prepare } = {}) {
  const page = await browser.page();
  if (prepare) await page.raw.addInitScript(prepare);
  await page.allow(allowed, exchange.base);
  await page.open(exchange.phone(account));
  await phone.registered(page, account);
  return page;
}

/** Runs in the page: notes the name of the device behind each track that is opened. */
function noteDevices() {
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  window.opened = new Map();
  devices.getUserMedia = async (wanted) => {
    const stream = await open(wanted);
    for (const track of stream.getTracks()) window.opened.set(track.id, track.label);
    return stream;
  };
}

/** The name of the device whose sound or pictures are sent now. */
async function sends(page, kind) {
  const source = (await phone.stats(page)).find((stat) => stat.type === 'media-source' && stat.kind === kind);
  return page.evaluate((id) => window.opened.get(id) ?? '', source?.trackIdentifier ?? '');
}

/** Chooses the last device of a list in the settings and returns its name. */
async function chooseLast(page, label) {
  const list = page.raw.locator(`.devices label:has(span:text-is("${label}")) select`);
  const names = await list.locator('option').allTextContents();
  assert.ok(names.length > 2, `${label}: ${names.join(', ')}`);
  await list.selectOption(names.at(-1));
  return names.at(-1);
}

const noticed = (page, title) =>
  phone.phoneState(page, `a notice like ${title}`, ({ notice }) => notice !== null && title.test(notice.title));

test('a refused microphone is named in words, and once allowed the call succeeds', async () => {
  const alice = await openPhone('alice');
  await alice.raw.fill('[name=number]', '600');
  await alice.raw.click('.call-button');
  const { notice } = await noticed(alice, /^The microphone is blocked$/);
  assert.match(notice.text, /allow it for this page, then call again/);
  await alice.raw.waitForSelector('.notice[data-tone=error] >> text=The microphone is blocked');
  await phone.phoneState(alice, 'the keypad to return', ({ call }) => call === null);
  assert.equal((await phone.state(alice)).line, 'registered');

  await alice.allow(['microphone'], exchange.base);
  await phone.call(alice, '600');
  await phone.inPhase(alice, 'talking');
  await phone.assertHears(alice, 'alice');
  assert.equal((await phone.state(alice)).notice, null);
  await phone.hangUp(alice);
});

test('a call goes on ringing while the microphone is refused, and is answered once it is allowed', async () => {
  const alice = await openPhone('alice', { allowed: ['microphone'] });
  const bob = await openPhone('bob');
  await phone.call(alice, 'bob');
  await phone.inPhase(bob, 'incoming');
  await bob.raw.click('.answer.accept >> nth=0');
  await noticed(bob, /^The microphone is blocked$/);
  await phone.inPhase(bob, 'incoming');
  await phone.inPhase(alice, 'ringing');
  await bob.allow(['microphone'], exchange.base);
  await bob.raw.click('.answer.accept >> nth=0');
  await phone.inPhase(alice, 'talking');
  await phone.assertHears(alice, 'alice');
  await phone.assertHears(bob, 'bob');
  await phone.hangUp(alice);
});

test('a refused camera costs the picture, not the call', async () => {
  const alice = await openPhone('alice', { allowed: ['microphone'] });
  await phone.call(alice, '600', { video: true });
  await noticed(alice, /^The camera is blocked$/);
  await phone.inPhase(alice, 'talking');
  await phone.assertHears(alice, 'alice');
  await phone.hangUp(alice);
});

test('another microphone, camera and loudspeaker are chosen in a call, and sound and pictures go on', async () => {
  const alice = await openPhone('alice', { allowed: ['microphone', 'camera'], prepare: noteDevices });
  await phone.call(alice, '246', { video: true });
  await phone.inPhase(alice, 'talking');
  await phone.assertHears(alice, 'alice');
  const before = { audio: await sends(alice, 'audio'), video: await sends(alice, 'video') };
  await alice.raw.click('.controls >> text=Devices');
  const microphone = await chooseLast(alice, 'Microphone');
  const camera = await chooseLast(alice, 'Camera');
  await chooseLast(alice, 'Loudspeaker');
  await until('the new microphone to be sent', async () => (await sends(alice, 'audio')) === microphone);
  await until('the new camera to be sent', async () => (await sends(alice, 'video')) === camera);
  assert.notEqual(before.audio, microphone);
  assert.notEqual(before.video, camera);
  await until('the loudspeaker to be taken', () => alice.evaluate(() => document.querySelector('#sound').sinkId !== ''));
  await alice.raw.keyboard.press('Escape');
  await phone.assertHears(alice, 'alice after the change');
  await phone.assertSees(alice, 'alice after the change', 1);
  await phone.hangUp(alice);

  // The choice is kept for the next call.
  await phone.phoneState(alice, 'the keypad to return', ({ call }) => call === null);
  await phone.call(alice, '600');
  await phone.inPhase(alice, 'talking');
  assert.equal(await sends(alice, 'audio'), microphone);
  await phone.hangUp(alice);
});

test('a chosen microphone that is unplugged gives way to the default', async () => {
  const alice = await openPhone('alice', {
    allowed: ['microphone'],
    prepare: () => localStorage.setItem('sidetone-phone', JSON.stringify({ microphone: 'unplugged' })),
  });
  await phone.call(alice, '600');
  await phone.inPhase(alice, 'talking');
  await phone.assertHears(alice, 'alice');
  await phone.hangUp(alice);
});

test('a computer without a microphone is told so', async () => {
  const bare = await startChromium({ devices: false });
  try {
    const alice = await phone.openPhone(bare, exchange, 'alice');
    await phone.call(alice, '600');
    const { notice } = await noticed(alice, /^No microphone found$/);
    assert.match(notice.text, /Plug in a headset or microphone/);
  } finally {
    await bare.stop();
  }
});
