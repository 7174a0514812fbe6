// An exchange behind 1:1 NAT: only its public address is told to strangers (NAT-08, NAT-10, NAT-12).
import assert from 'node:assert/strict';
import os from 'node:os';
import { after, before, test } from 'node:test';
import { startChromium } from '../lib/browsers.mjs';
import { startExchange } from '../lib/exchange.mjs';
import * as phone from '../lib/phone.mjs';

const EXTERNAL = '203.0.113.9';

let exchange;
let browser;

before(async () => {
  exchange = await startExchange('nat', { external: EXTERNAL });
  browser = await startChromium();
});

after(async () => {
  await browser?.stop();
  await exchange?.stop();
});

/** The last 200 with a media description that the phone received. */
function answerIn(log) {
  const answers = log.split('◀ received').filter((text) => /SIP\/2\.0 200/.test(text) && /\nm=audio/.test(text.replace(/\n\s+/g, '\n')));
  assert.ok(answers.length > 0, 'no answer in the log of the phone');
  return answers.at(-1).split(/▶ sent/)[0];
}

test('a stranger is told the public address, once, and none of the inner ones', async () => {
  const alice = await phone.openPhone(browser, exchange, 'alice');
  await phone.call(alice, '600');
  await phone.inPhase(alice, 'talking');
  // The browser cannot reach the public address; our own checks reach the browser.
  await phone.assertHears(alice, 'alice');
  const answer = answerIn(await alice.evaluate(() => window.sidetone.log()));
  const candidates = answer.match(/a=candidate:.*/g);
  assert.equal(candidates?.length, 1, answer);
  assert.match(candidates[0], new RegExp(`${EXTERNAL.replaceAll('.', '\\.')} \\d+ typ host`));
  assert.match(answer, new RegExp(`c=IN IP4 ${EXTERNAL}`));
  assert.match(answer, new RegExp(`Contact: <sip:${EXTERNAL}`));
  const inner = Object.values(os.networkInterfaces()).flat().map(({ address }) => address);
  const ours = answer.split('\n').filter((line) => !/^\s*(Via|From|To):/.test(line)).join('\n');
  for (const address of inner) {
    assert.ok(!ours.includes(address), `${address} is told:\n${answer}`);
  }
});
