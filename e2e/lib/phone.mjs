// What the stories do with a page that shows the web phone or a bare client: wait for states,
// measure what is heard and seen.
import assert from 'node:assert/strict';
import { passwordOf } from './config.mjs';
import { sleep, until } from './tools.mjs';

/**
 * Opens the phone, signed in as `account`, and waits until it is registered. `unfiltered` takes the
 * browser's own filters off the microphone.
 */
export async function openPhone(browser, exchange, account, { unfiltered = false, ...options } = {}) {
  const page = await browser.page(options);
  if (unfiltered) await page.raw.addInitScript(takeFiltersOff);
  await page.open(exchange.phone(account));
  await registered(page, account);
  return page;
}

/** The same, with the line of signalling through a cable that a story may pull (`lib/cable.mjs`). */
export async function openPhoneOver(line, browser, exchange, account) {
  const page = await browser.page();
  const server = `wss://127.0.0.1:${line.port}/ws`;
  const handover = { account, password: passwordOf(account), server };
  await page.open(`${exchange.base}/phone#${new URLSearchParams(handover)}`);
  await registered(page, account);
  return page;
}

/** Runs in the page. */
function takeFiltersOff() {
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  devices.getUserMedia = ({ audio, ...rest }) =>
    open({ ...rest, ...(audio ? { audio: { ...(audio === true ? {} : audio), ...raw } } : {}) });
}

export const state = (page) => page.evaluate(() => window.sidetone.state);

/** Waits for `check(state)`; on failure the error holds the phone's own log. */
export async function phoneState(page, what, check, ms = 15_000) {
  try {
    return await until(what, async () => {
      const now = await state(page);
      return check(now) ? now : null;
    }, ms);
  } catch (error) {
    const now = JSON.stringify(await state(page).catch(() => null));
    const log = await page.evaluate(() => window.sidetone.log()).catch(() => '');
    throw new Error(`${error.message}\nphone: ${now}\n${log.slice(-6000)}`);
  }
}

export const registered = (page, who = 'the phone') =>
  phoneState(page, `${who} to be registered`, ({ line }) => line === 'registered');

export const inPhase = (page, phase) =>
  phoneState(page, `the call to be ${phase}`, ({ call }) => call?.phase === phase);

/** Waits until the call is over here; how it ended stays on the screen for a moment only. */
export const isOver = (page, who = 'the phone') =>
  phoneState(page, `${who} to be told of the end`, ({ call: now }) => now === null || now.phase === 'ended');

export async function call(page, number, options = {}) {
  await page.evaluate(({ to, how }) => void window.sidetone.call(to, how), { to: number, how: options });
}

export async function hangUp(page) {
  await page.evaluate(() => window.sidetone.hangup());
  await isOver(page);
}

/** getStats of the phone's call, or of a bare client's connection, as plain objects. */
export const stats = (page) =>
  page.evaluate(async () => {
    if (window.sidetone) return window.sidetone.stats();
    const report = await window.client.connection?.getStats();
    const list = [];
    report?.forEach((stat) => list.push({ ...stat }));
    return list;
  });

/** Totals since the start of the call. */
async function totals(page) {
  const all = await stats(page);
  const of = (type, kind) => all.filter((stat) => stat.type === type && stat.kind === kind);
  const sum = (list, field) => list.reduce((total, stat) => total + (stat[field] ?? 0), 0);
  const sources = of('media-source', 'audio');
  // Firefox does not measure its microphone; there only the packets sent are known.
  const measured = sources.some((stat) => stat.totalAudioEnergy !== undefined);
  return {
    heard: sum(of('inbound-rtp', 'audio'), 'totalAudioEnergy'),
    spoken: measured ? sum(sources, 'totalAudioEnergy') : null,
    packetsIn: sum(of('inbound-rtp', 'audio'), 'packetsReceived'),
    packetsOut: sum(of('outbound-rtp', 'audio'), 'packetsSent'),
    frames: of('inbound-rtp', 'video').map((stat) => stat.framesDecoded ?? 0),
  };
}

/** What happened within `ms`: energy heard and spoken, packets, frames decoded per video. */
export async function listen(page, ms = 3_000) {
  const before = await totals(page);
  await sleep(ms);
  const after = await totals(page);
  return {
    heard: after.heard - before.heard,
    spoken: after.spoken === null ? null : after.spoken - (before.spoken ?? 0),
    packetsIn: after.packetsIn - before.packetsIn,
    packetsOut: after.packetsOut - before.packetsOut,
    frames: after.frames.map((frames, index) => frames - (before.frames[index] ?? 0)),
  };
}

/** Energy below this is silence: comfort noise and rounding, far under the fake device's tone. */
const SILENCE = 1e-6;

export const isAudible = (energy) => energy > SILENCE;

/** How long is looked at once, and the least that must arrive then: half of a steady stream of sound. */
const WINDOW_MS = 1_200;
const PACKETS = WINDOW_MS / 40;
const FRAMES = 3;

/** Asserts that sound goes out and comes in. */
export async function assertHears(page, who) {
  const got = await until(`${who} to hear and to speak`, async () => {
    const now = await listen(page, WINDOW_MS);
    const speaks = now.spoken === null ? now.packetsOut > PACKETS : isAudible(now.spoken);
    return isAudible(now.heard) && speaks ? now : null;
  }, 20_000).catch(async (error) => {
    throw new Error(`${error.message}\n${JSON.stringify(await listen(page, 1_000))}`);
  });
  assert.ok(got.packetsIn > PACKETS, `${who}: ${got.packetsIn} packets in ${WINDOW_MS} ms`);
  return got;
}

/** Asserts that pictures arrive on `count` videos. */
export async function assertSees(page, who, count) {
  await until(`${who} to see ${count} moving video(s)`, async () => {
    const { frames } = await listen(page, WINDOW_MS);
    return frames.filter((grown) => grown > FRAMES).length >= count;
  }, 25_000).catch(async (error) => {
    throw new Error(`${error.message}\n${JSON.stringify(await listen(page, 1_000))}`);
  });
}

/** The frequency of what is heard, in Hz: the highest peak within a second of the remote sound. */
export function pitch(page) {
  return page.evaluate(async () => {
    const playing = [...document.querySelectorAll('audio, video')].filter(
      (element) => element.srcObject?.getAudioTracks().length > 0 && !element.muted,
    );
    const stream = playing[0]?.srcObject;
    if (!stream) return 0;
    const context = new AudioContext();
    await context.resume();
    const analyser = new AnalyserNode(context, { fftSize: 32_768, smoothingTimeConstant: 0 });
    context.createMediaStreamSource(stream).connect(analyser);
    await new Promise((done) => setTimeout(done, 1_200));
    const levels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(levels);
    const peak = levels.indexOf(Math.max(...levels));
    const hz = (peak * context.sampleRate) / analyser.fftSize;
    await context.close();
    return levels[peak] > -70 ? hz : 0;
  });
}

/** Asserts that what is heard is a tone of this frequency. */
export async function assertPitch(page, who, hz) {
  let heard = 0;
  await until(`${who} to hear ${hz} Hz`, async () => {
    heard = await pitch(page);
    return Math.abs(heard - hz) < 4;
  }, 20_000).catch((error) => {
    throw new Error(`${error.message}: ${heard} Hz`);
  });
}

/** Asserts that a tone of this frequency is heard no longer, only something else or nothing. */
export async function assertNoPitch(page, who, hz) {
  await until(`${who} to hear ${hz} Hz no longer`, async () => Math.abs((await pitch(page)) - hz) > 20, 20_000);
}

/** Asserts that nothing is heard any more. */
export async function assertSilence(page, who) {
  let heard = 0;
  await until(`${who} to hear nothing`, async () => {
    ({ heard } = await listen(page, 1_000));
    return !isAudible(heard);
  }).catch((error) => {
    throw new Error(`${error.message}: ${heard}`);
  });
}
