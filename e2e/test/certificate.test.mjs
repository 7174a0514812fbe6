// Browsers as they are shipped, which trust no certificate that somebody made at home: what the phone
// says then, and that all is well once the authority of the exchange is imported.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startChromium, startFirefox } from '../lib/browsers.mjs';
import { passwordOf } from '../lib/config.mjs';
import { startExchange } from '../lib/exchange.mjs';
import * as phone from '../lib/phone.mjs';
import { out } from '../lib/tools.mjs';
import { trustInChromium, trustInFirefox } from '../lib/trust.mjs';

let exchange;
let home;

before(async () => {
  exchange = await startExchange('certificate');
  home = await mkdtemp(path.join(os.tmpdir(), 'sidetone-home-'));
});

after(async () => {
  await exchange?.stop();
  if (home) await rm(home, { recursive: true, force: true });
});

const BROWSERS = [
  {
    name: 'Chromium',
    start: (trusting) => startChromium({ trusts: 'authorities', home: trusting ? home : undefined }),
    trust: () => trustInChromium(home, exchange.authority),
    refusal: /ERR_CERT_AUTHORITY_INVALID/,
  },
  {
    name: 'Firefox',
    start: (trusting) => startFirefox({ trusts: 'authorities', profile: trusting ? home : undefined }),
    trust: () => trustInFirefox(home, exchange.authority),
    refusal: /certificate|SEC_ERROR|UNKNOWN_ISSUER/i,
  },
];

for (const { name, start, trust, refusal } of BROWSERS) {
  test(`${name} does not trust the certificate, and the phone says what to do`, async () => {
    const browser = await start(false);
    try {
      // A page of its own: the browser shows its refusal there some time later.
      await assert.rejects((await browser.page()).open(`${exchange.base}/phone`), refusal);
      const page = await browser.page();
      // The page itself may come in clear on this computer; its WebSocket may not.
      const handover = { account: 'alice', password: passwordOf('alice'), server: exchange.wss };
      const clear = `http://127.0.0.1:${exchange.ports.http}`;
      await page.open(`${clear}/phone#${new URLSearchParams(handover)}`);
      const { notice } = await phone.phoneState(page, 'the refusal to be told', (now) => now.notice !== null);
      assert.equal(notice.title, 'No trusted connection to the exchange');
      assert.match(notice.text, /its certificate is not trusted yet.*if a certificate warning appears, accept it/);
      const link = await page.evaluate(() => document.querySelector('.notice a')?.href);
      assert.equal(new URL(link).origin, exchange.base);
      await page.shoot(path.join(out, `untrusted-${name.toLowerCase()}.png`));
      assert.equal((await phone.state(page)).line, 'reconnecting');
    } finally {
      await browser.stop();
    }
  });

  test(`${name} with the authority of the exchange imported needs no exception`, async () => {
    await trust();
    const browser = await start(true);
    try {
      const alice = await phone.openPhone(browser, exchange, 'alice');
      await phone.call(alice, '600');
      await phone.inPhase(alice, 'talking');
      await phone.assertHears(alice, 'alice');
      await phone.hangUp(alice);
    } finally {
      await browser.stop();
    }
  });
}
