// Bare JsSIP and SIP.js, unmodified, as a web developer would use them, in Chromium and in Firefox.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { startChromium, startFirefox } from '../lib/browsers.mjs';
import { cable } from '../lib/cable.mjs';
import { CLIENTS } from '../lib/clients.mjs';
import { passwordOf } from '../lib/config.mjs';
import { startExchange } from '../lib/exchange.mjs';
import * as phone from '../lib/phone.mjs';
import { until } from '../lib/tools.mjs';

let exchange;
let browser;

before(async () => {
  exchange = await startExchange('clients');
});

after(() => exchange?.stop());

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

function restartStory() {
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
}

for (const { where, launch } of [
  { where: '', launch: startChromium },
  { where: ' in Firefox', launch: startFirefox },
]) {
  describe(`clients${where || ' in Chromium'}`, () => {
    before(async () => {
      browser = await launch();
    });

    afterEach(() => browser.closePages());

    after(() => browser?.stop());

    for (const client of CLIENTS) {
      test(`${client} registers and hears itself at 600${where}`, async () => {
        const page = await registered(client, 'carol');
        await call(page, '600');
        await phone.assertHears(page, client);
        await hangUp(page);
      });

      test(`${client} sees its pictures come back at 246${where}`, async () => {
        const page = await registered(client, 'carol', { video: true });
        await call(page, '246');
        await phone.assertSees(page, client, 1);
        await phone.assertHears(page, client);
        await hangUp(page);
      });

      test(`${client} with a wrong password is told so${where}`, async () => {
        const page = await start(client, 'carol', { password: 'guessed' });
        await is(page, 'ended');
        assert.match(await page.evaluate(() => window.client.ended), /^registration: /);
        assert.equal(await page.evaluate(() => window.client.registered), false);
      });

      test(`${client} comes back by itself after its socket was cut${where}`, async () => {
        const line = await cable(exchange.ports.https);
        try {
          const page = await registered(client, 'carol', { server: `wss://127.0.0.1:${line.port}/ws` });
          line.pull();
          await until('the loss to be noticed', () => page.evaluate(() => !window.client.registered));
          line.plug();
          await is(page, 'registered', 40_000);
          await call(page, '600');
          await phone.assertHears(page, `${client}, back again,`);
          await hangUp(page);
        } finally {
          await line.stop();
        }
      });
    }

    test(`a browser with an RSA certificate calls, is called, and hears${where}`, async () => {
      const carol = await registered('jssip', 'carol', { rsa: true });
      await call(carol, '600');
      await phone.assertHears(carol, 'the caller with RSA');
      await hangUp(carol);
      const dave = await registered('sipjs', 'dave');
      await carol.evaluate(() => {
        window.client.talking = false;
      });
      await call(dave, 'carol');
      await is(carol, 'talking');
      for (const page of [carol, dave]) await phone.assertHears(page, 'either side');
      await hangUp(dave);
    });

    for (const [caller, callee] of [CLIENTS, [...CLIENTS].reverse()]) {
      test(`${caller} calls ${callee}, and both hear and see each other${where}`, async () => {
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

    if (where === '') restartStory();
  });
}
