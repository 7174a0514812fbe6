// Bare JsSIP and SIP.js, unmodified, as a web developer would use them.
import { after, afterEach, before, test } from 'node:test';
import { startChromium } from '../lib/browsers.mjs';
import { CLIENTS } from '../lib/clients.mjs';
import { passwordOf } from '../lib/config.mjs';
import { startExchange } from '../lib/exchange.mjs';
import * as phone from '../lib/phone.mjs';
import { until } from '../lib/tools.mjs';

let exchange;
let browser;

before(async () => {
  exchange = await startExchange('clients');
  browser = await startChromium();
});

afterEach(() => browser.closePages());

after(async () => {
  await browser?.stop();
  await exchange?.stop();
});

for (const client of CLIENTS) {
  test(`${client} registers and hears itself at 600`, async () => {
    const page = await browser.page();
    await page.open(exchange.page(client));
    const account = 'carol';
    await page.evaluate(
      (options) => void window.client.start(options),
      { server: exchange.wss, account, password: passwordOf(account) },
    );
    await until('to be registered', () => page.evaluate(() => window.client.registered));
    await page.evaluate(() => void window.client.call('600'));
    await until('the call to be answered', () => page.evaluate(() => window.client.talking));
    await phone.assertHears(page, client);
    await page.evaluate(() => void window.client.hangup());
    await until('the call to end', () => page.evaluate(() => window.client.ended));
    });
}
