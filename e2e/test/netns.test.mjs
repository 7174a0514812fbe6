// The exchange and its clients behind real NATs, with coturn between them: what NAT-02 to NAT-22
// promise, in network namespaces. Needs root, as `cargo xtask setup` does.
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startChromium } from '../lib/browsers.mjs';
import * as network from '../lib/internet.mjs';
import * as phone from '../lib/phone.mjs';
import { SECRET, TURN, certificate, startPhone, startSite, startTurn } from '../lib/site.mjs';
import { until } from '../lib/tools.mjs';

const { HOME, NODE, SERVER, SITE, SITE_IPV6, SITE_TOO } = network;

let folder;
let browser;
const servers = [];
const running = [];

before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'sidetone-netns-'));
  await network.build();
  await certificate(folder, 'turn', SERVER);
  await certificate(folder, 'site', SITE, SITE_TOO, SITE_IPV6);
  const { fixed, shared, sharedTls } = TURN;
  servers.push(
    await startTurn(folder, 'turn-fixed', fixed, fixed + 2_000, '--lt-cred-mech', '--user', 'me:pass'),
    await startTurn(folder, 'turn-shared', shared, sharedTls, '--use-auth-secret', '--static-auth-secret', SECRET),
  );
  const inside = path.join(folder, 'chromium');
  const command = network.command('client', process.env.CHROMIUM_BIN ?? '/usr/bin/chromium');
  await writeFile(inside, `#!/bin/sh\nexec ${command.join(' ')} "$@"\n`);
  await chmod(inside, 0o755);
  browser = await startChromium({ program: inside });
});

afterEach(async () => {
  await browser?.closePages();
  while (running.length > 0) await running.pop().stop();
});

after(async () => {
  await browser?.stop();
  for (const server of servers) await server.stop();
  await network.remove();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function site(name, options) {
  const exchange = await startSite(folder, name, options);
  running.push(exchange);
  return exchange;
}

/** Opens the web phone at this address of the exchange. */
async function openPhone(host) {
  const page = await browser.page();
  const address = `https://${host}:8089/phone#account=alice&password=alice-secret`;
  // Chromium gives up what it loads when a network appears, as this one just did.
  await until('the page to load', () => page.open(address).then(() => true));
  await phone.registered(page, 'alice');
  return page;
}

/** Opens the phone and calls the echo. */
async function callEcho(address = SITE) {
  const host = address.includes(':') ? `[${address}]` : address;
  const page = await openPhone(host);
  await phone.call(page, '600');
  await phone.inPhase(page, 'talking');
  return { page, log: () => page.evaluate(() => window.sidetone.log()) };
}

/** Waits until the page hears its own beep, and says between which candidates it travels. */
async function hears({ page }, exchange) {
  await until('the page to hear itself', async () => phone.isAudible((await phone.listen(page, 400)).heard), 12_000).catch(
    async (error) => {
      const log = await page.evaluate(() => window.sidetone.log());
      throw new Error(`${error.message}\n${exchange.log.slice(-3000)}\n${log.slice(-5000)}`);
    },
  );
  const stats = await page.evaluate(() => window.sidetone.stats());
  const byId = (id) => stats.find((stat) => stat.id === id);
  const { selectedCandidatePairId } = stats.find(({ type }) => type === 'transport');
  const pair = byId(selectedCandidatePairId);
  return { local: byId(pair.localCandidateId), remote: byId(pair.remoteCandidateId) };
}

/** The candidates of the exchange that a page was told, in the answer or later. */
function told(log) {
  const received = log.split('◀ received').slice(1).map((text) => text.split('▶ sent')[0]);
  return [...new Set(received.join('\n').match(/a=candidate:.*/g) ?? [])];
}

const PUBLIC = `external_media_address = ${SITE}\nexternal_signaling_address = ${SITE}\nlocal_net = 10.0.0.0/24`;

test('behind a one-to-one NAT the public address is told once, and no inner or floating one', async () => {
  await network.behave('one to one', 'symmetric');
  const exchange = await site('one-to-one', { transport: PUBLIC });
  const call = await callEcho();
  const { local, remote } = await hears(call, exchange);
  assert.equal(remote.address, SITE);
  assert.notEqual(local.candidateType, 'relay');
  const log = await call.log();
  assert.equal(told(log).length, 1, told(log).join('\n'));
  assert.match(told(log)[0], /203\.0\.113\.5 20\d+ typ host/);
  assert.ok(!log.includes('10.0.0.'), 'an inner address is told');
});

test('a floating address with a public one of its own is told, the address of the node is not', async () => {
  await network.behave('floating', 'port restricted');
  const exchange = await site('floating', {
    rtp: `[ice_host_candidates]\n${network.FLOATING} => ${SITE_TOO}`,
    transport: `external_signaling_address = ${SITE_TOO}\nlocal_net = 10.0.0.0/24`,
  });
  const call = await callEcho(SITE_TOO);
  const { remote } = await hears(call, exchange);
  assert.equal(remote.address, SITE_TOO);
  const log = await call.log();
  assert.equal(told(log).length, 1, told(log).join('\n'));
  assert.match(told(log)[0], /203\.0\.113\.6 20\d+ typ host/);
  assert.ok(!log.includes('10.0.0.') && !log.includes(`${SITE} `), 'the node is told');
});

for (const home of ['full cone', 'port restricted', 'symmetric']) {
  test(`behind a full cone the mapping that STUN finds reaches a client behind a ${home} NAT`, async () => {
    await network.behave('full cone', home);
    const name = `cone-${home.replace(' ', '-')}`;
    const exchange = await site(name, { rtp: `stunaddr = ${SERVER}\nstun_deny = ${network.FLOATING}/32` });
    await exchange.saw('the mapping', /STUN: 10\.0\.0\.5:\d+ is 203\.0\.113\.5:\d+ outside/);
    const call = await callEcho();
    const { remote } = await hears(call, exchange);
    // Chromium hides the address of a candidate that our checks brought.
    assert.ok([SITE, ''].includes(remote.address), remote.address);
    const log = await call.log();
    assert.ok(told(log).some((line) => /203\.0\.113\.5 \d+ typ srflx raddr 0\.0\.0\.0/.test(line)), told(log).join('\n'));
    assert.ok(!log.includes(NODE), 'an inner address is told');
    // NAT-11: the phone was told of the server and looked before the call.
    const seen = await until('the phone to know its network', async () => (await phone.state(call.page)).network);
    assert.equal(seen.verdict, 'reflexive', JSON.stringify(seen));
    assert.deepEqual(seen.reflexive, [HOME]);
    const settings = await exchange.ask('rtp show settings');
    assert.match(settings, /Mapping:\s+10\.0\.0\.5:\d+ is 203\.0\.113\.5:\d+ outside \(ok\)/);
  });
}

const WAYS = [
  ['UDP and a password', `turnport = ${TURN.fixed}\nturnusername = me\nturnpassword = pass`, /3479 over UDP/],
  ['TCP and a shared secret', `turn_secret = ${SECRET}\nturnusername = me\nturn_transport = tcp`, /3478 over TCP/],
  ['TLS and a shared secret', `turn_secret = ${SECRET}\nturn_transport = tls\nturnport = ${TURN.sharedTls}`, /5349 over TLS/],
];

for (const [way, rtp, called] of WAYS) {
  test(`between two symmetric NATs the exchange's relay over ${way} carries the call`, async () => {
    await network.behave('symmetric', 'symmetric');
    const exchange = await site(`relay-${way.slice(0, 3).toLowerCase()}`, {
      rtp: `turnaddr = ${SERVER}\n${rtp}\nturn_ca_file = ${folder}/turn.crt\nshare_ice_servers = no`,
    });
    await exchange.saw('an address on the relay', /TURN: 203\.0\.113\.1:\d+ is ours/);
    const call = await callEcho();
    const { local, remote } = await hears(call, exchange);
    assert.equal(remote.address, SERVER);
    assert.notEqual(local.candidateType, 'relay');
    const log = await call.log();
    assert.ok(told(log).some((line) => /203\.0\.113\.1 \d+ typ relay raddr 0\.0\.0\.0/.test(line)), told(log).join('\n'));
    assert.ok(!log.includes('Sidetone-Ice-Servers: ['), 'servers are told though they should not be');
    assert.match(await exchange.ask('rtp show settings'), called);
  });
}

test('a client whose UDP is blocked gets a relay of its own from the exchange and talks over TCP', async () => {
  await network.behave('one to one', 'no udp');
  const exchange = await site('no-udp', {
    rtp: `turnaddr = ${SERVER}\nturn_secret = ${SECRET}`,
    transport: PUBLIC,
  });
  const call = await callEcho();
  const { local } = await hears(call, exchange);
  assert.equal(local.candidateType, 'relay');
  assert.equal(local.relayProtocol, 'tcp');
  const seen = await until('the phone to know its network', async () => (await phone.state(call.page)).network);
  assert.equal(seen.verdict, 'relay', JSON.stringify(seen));
  // RFC 8840: the offer did not wait for the relay; it followed by INFO.
  const log = await call.log();
  const infos = log.split('▶ sent').filter((text) => /^\s*INFO /.test(text));
  assert.ok(infos.some((text) => /Info-Package: trickle-ice/.test(text)), log.slice(-4000));
  assert.ok(!/"credential":"[^…]/.test(log), 'the log shows the password of the relay');
});

test('a STUN server that is gone delays no call, and the phone warns of it', async () => {
  await network.behave('one to one', 'port restricted');
  const exchange = await site('dead-stun', { rtp: `stunaddr = ${network.NOBODY}`, transport: PUBLIC });
  const page = await openPhone(SITE);
  const began = Date.now();
  await phone.call(page, '600');
  await phone.inPhase(page, 'talking');
  assert.ok(Date.now() - began < 2_000, `${Date.now() - began} ms`);
  await hears({ page }, exchange);
  await phone.hangUp(page);
  const seen = await until('the phone to know its network', async () => (await phone.state(page)).network);
  assert.equal(seen.verdict, 'only local', JSON.stringify(seen));
  const shown = () => page.evaluate(() => document.querySelector('.network-warning:not([hidden])')?.textContent);
  assert.match(await until('the warning', shown), /Only addresses of this network were found/);
});

test('a phone behind a symmetric NAT calls and is called, and hears and is heard', async () => {
  await network.behave('one to one', 'symmetric');
  const exchange = await site('phone', { transport: PUBLIC });
  const desk = await startPhone(folder, 'symmetric', { number: 701 });
  running.push(desk);
  // rewrite_contact: what it registered leads nowhere, where it came from does.
  await desk.saw('the first call to stand', /Call established/);
  await exchange.saw('the call back', /PJSIP\/desk-\d+.*/);
  await desk.saw('the call back to stand', /Call established[\s\S]*Call established/);
  const contacts = await exchange.ask('pjsip show contacts');
  assert.match(contacts, /sip:desk[^@]*@203\.0\.113\.40:\d+/);
  // rtp_symmetric: its SDP names 192.168.1.10, its packets come from the NAT.
  await new Promise((done) => setTimeout(done, 1_500));
  const heard = await desk.heard();
  assert.ok(heard.at(-1) > 0.01, JSON.stringify(heard));
});

test('a phone behind a symmetric NAT finds its way by its own ICE, and the tone returns', async () => {
  await network.behave('one to one', 'symmetric');
  // Without symmetric RTP only the address that the checks found leads through that NAT.
  const desk = 'ice_support = yes\nrtp_symmetric = no\nmedia_encryption = dtls\nrtcp_mux = yes\n' +
    'dtls_auto_generate_cert = yes\ndtls_verify = fingerprint\nmedia_use_received_transport = yes';
  const exchange = await site('ice-phone', { transport: PUBLIC, desk });
  const phone = await startPhone(folder, 'ice', { number: 600, ice: true });
  running.push(phone);
  await phone.saw('the call to stand', /Call established/);
  await phone.saw('a candidate of its own that STUN found', /a=candidate:.*203\.0\.113\.40 \d+ typ srflx/);
  await phone.saw('one candidate of ours, the public one', /a=candidate:.*203\.0\.113\.5 20\d+ typ host/);
  await new Promise((done) => setTimeout(done, 3_000));
  const share = await phone.toneHeard();
  assert.ok(share > 0.8, `${share} of what came back is the tone\n${exchange.log.slice(-2000)}\n${phone.log.slice(-6000)}`);
});

test('when the public address changes the monitor notices and the live call is told', async () => {
  await network.behave('full cone', 'full cone');
  const exchange = await site('moves', {
    monitor: `[general]\nstunaddr = ${SERVER}\nstunrefresh = 5\n`,
  });
  await exchange.saw('the monitor', /STUN monitor: .* sees us at 203\.0\.113\.5/);
  assert.match(await exchange.ask('stun show status'), /203\.0\.113\.1\s+3478\s+5\s+0\s+OK\s+203\.0\.113\.5\s+\d+/);
  const desk = await startPhone(folder, 'moves', { number: 600 });
  running.push(desk);
  await desk.saw('the call to stand', /Call established/);
  await network.moveSite('full cone');
  await exchange.saw('the change', /our public address was 203\.0\.113\.5 and is 203\.0\.113\.6 now/, 12_000);
  await desk.saw('the offer', /INVITE sip:desk[\s\S]*Contact: <sip:203\.0\.113\.6:5060>[\s\S]*c=IN IP4 203\.0\.113\.6/);
  await desk.saw('the echo again', /c=IN IP4 203\.0\.113\.6[\s\S]*audio=\d+\/[56]\d{4} /);
});

test('over IPv6 a browser talks without any NAT', async () => {
  await network.addIpv6();
  // Its IPv4 lets no UDP through, so that there is no other way.
  await network.behave('full cone', 'no udp');
  const exchange = await site('ipv6', { bind: '[::]' });
  const call = await callEcho(SITE_IPV6);
  const { local, remote } = await hears(call, exchange);
  assert.equal(remote.address, SITE_IPV6);
  assert.equal(local.address, '2001:db8:40::10');
  assert.match(await call.log(), /a=candidate:.* 2001:db8:5::5 20\d+ typ host/);
});
