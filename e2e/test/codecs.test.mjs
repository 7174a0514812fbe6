// Video is relayed in each codec that browsers speak (RTC-08).
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startChromium } from '../lib/browsers.mjs';
import { VIDEO_CODECS } from '../lib/config.mjs';
import { startExchange } from '../lib/exchange.mjs';
import * as phone from '../lib/phone.mjs';

let exchange;
let browser;

before(async () => {
  exchange = await startExchange('codecs');
  browser = await startChromium();
});

afterEach(() => browser.closePages());

after(async () => {
  await browser?.stop();
  await exchange?.stop();
});

/** The codec of the video that arrives. */
async function videoCodec(page) {
  const all = await phone.stats(page);
  const video = all.find((stat) => stat.type === 'inbound-rtp' && stat.kind === 'video');
  return all.find((stat) => stat.id === video?.codecId)?.mimeType;
}

for (const codec of VIDEO_CODECS) {
  test(`two browsers see each other in ${codec}`, async () => {
    const one = await phone.openPhone(browser, exchange, `${codec}-one`);
    const two = await phone.openPhone(browser, exchange, `${codec}-two`);
    await phone.call(one, `${codec}-two`, { video: true });
    await phone.inPhase(two, 'incoming');
    await two.evaluate(() => void window.sidetone.answer({ video: true }));
    await phone.inPhase(one, 'talking');
    for (const page of [one, two]) {
      await phone.assertSees(page, codec, 1);
      assert.equal((await videoCodec(page)).toLowerCase(), `video/${codec}`);
    }
    await phone.hangUp(one);
  });
}
