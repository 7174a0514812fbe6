// Bare JsSIP and SIP.js, unmodified, as a web developer would use them.
import assert from 'node:assert/strict';
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

/** A page of a client that starts to sign in. */
async function start(client, account, options = {}) {
  const page = await browser.page();
  await page.open(exchange.page(client));
  const login = { server: exchange.wss, account, password: passwordOf(account), ...options };
  await page.evaluate((how) => void window.client.start(how), login);
  return page;
}

const is = (page, fact, ms) => until(`it to be ${fact}`, () => page.evaluate((name) => window.client[name], fact), ms);

async function registered(client, account, options) {
  const page = await start(client, account, options);
  await is(page, 'registered');
  return page;
}

async function call(page, number) {
  await page.evaluate((to) => void window.client.call(to), number);
  await is(page, 'talking');
}

async function hangUp(page) {
  await page.evaluate(() => void window.client.hangup());
  await is(page, 'ended');
}

for (const client of CLIENTS) {
  test(`${client} registers and hears itself at 600`, async () => {
    const page = await registered(client, 'carol');
    await call(page, '600');
    await phone.assertHears(page, client);
    await hangUp(page);
  });

  test(`${client} sees its pictures come back at 246`, async () => {
    const page = await registered(client, 'carol', { video: true });
    await call(page, '246');
    await phone.assertSees(page, client, 1);
    await phone.assertHears(page, client);
    await hangUp(page);
  });

  test(`${client} with a wrong password is told so`, async () => {
    const page = await start(client, 'carol', { password: 'guessed' });
    await is(page, 'ended');
    assert.match(await page.evaluate(() => window.client.ended), /^registration: /);
    assert.equal(await page.evaluate(() => window.client.registered), false);
  });
}

for (const [caller, callee] of [CLIENTS, [...CLIENTS].reverse()]) {
  test(`${caller} calls ${callee}, and both hear and see each other`, async () => {
    const carol = await registered(caller, 'carol', { video: true });
    const dave = await registered(callee, 'dave', { video: true });
    await call(carol, 'dave');
    await is(dave, 'talking');
    for (const [page, who] of [[carol, caller], [dave, callee]]) {
      await phone.assertHears(page, who);
      await phone.assertSees(page, who, 1);
    }
    await hangUp(carol);
    await is(dave, 'ended');
  });
}

test('both come back by themselves after the exchange restarts', async () => {
  const pages = [await registered('jssip', 'carol'), await registered('sipjs', 'dave')];
  await exchange.halt();
  for (const page of pages) {
    await until('the loss to be noticed', () => page.evaluate(() => !window.client.registered));
  }
  await exchange.start();
  for (const page of pages) {
    await is(page, 'registered', 40_000);
    await call(page, '600');
    await phone.assertHears(page, 'the client that came back');
    await hangUp(page);
  }
});
