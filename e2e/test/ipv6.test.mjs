// SIPp over IPv6, on ::1: signalling and media, also towards a phone on 127.0.0.1.
import assert from 'node:assert/strict';
import os from 'node:os';
import { after, before, test } from 'node:test';
import { startExchange } from '../lib/exchange.mjs';
import { mediaPeer } from '../lib/rtp.mjs';
import { CODECS, sipp } from '../lib/sipp.mjs';
import { freePort, until } from '../lib/tools.mjs';

const HOST = '::1';

/** What `call.xml` needs to know for a call to the echo. */
const echo = (media) => ({ ...CODECS.PCMU, number: '600', media });

let exchange;

before(async () => {
  // Where it is missing the command fails: a story that is not told shows nothing.
  const addresses = Object.values(os.networkInterfaces()).flat().map(({ address }) => address);
  assert.ok(addresses.includes(HOST), 'no IPv6 loopback: set net.ipv6.conf.lo.disable_ipv6 = 0');
  exchange = await startExchange('ipv6', { ipv6: true });
});

after(() => exchange?.stop());

for (const [transport, flag] of [
  ['udp', 'u1'],
  ['tcp', 't1'],
]) {
  const to = () => ({ host: HOST, port: exchange.ports[transport], transport: flag, account: 'desk' });

  test(`a phone registers over ${transport} and IPv6`, async () => {
    const register = await sipp('register', { ...to(), args: ['-m', '1'] });
    await register.done();
  });

  test(`600 returns every packet of a call over ${transport} and IPv6`, async () => {
    const media = await mediaPeer({ host: HOST });
    const call = await sipp('call', { ...to(), keys: echo(media.port), args: ['-m', '1'] });
    try {
      media.aim(Number(await call.logged(/media port (\d+)/)));
      await media.send(2_000);
      await call.done();
    } finally {
      await call.stop();
      media.close();
    }
    const { sent, returned } = media.result;
    assert.ok(returned >= sent - 5, `${returned} of ${sent} packets came back unchanged`);
  });
}

for (const [caller, callee] of [
  [HOST, '127.0.0.1'],
  ['127.0.0.1', HOST],
]) {
  test(`a phone on ${caller} calls one on ${callee}, and each hears the other's tone`, async () => {
    const port = exchange.ports.udp;
    const tones = [{ host: caller, hz: 700 }, { host: callee, hz: 1_100 }];
    const media = await Promise.all(tones.map((tone) => mediaPeer(tone)));
    const [own, other] = media;
    const localPort = await freePort();
    const tablet = { host: callee, port, account: 'tablet', localPort, args: ['-m', '1'] };
    await (await sipp('register', tablet)).done();
    const answer = await sipp('answer', { ...tablet, keys: { ...CODECS.PCMU, media: other.port } });
    const keys = { ...CODECS.PCMU, number: 'tablet', media: own.port };
    const call = await sipp('call', { host: caller, port, account: 'desk', keys, talkMs: 5_000, args: ['-m', '1'] });
    try {
      own.aim(Number(await call.logged(/media port (\d+)/)));
      await until('the caller to hear 1,100 Hz', () => own.hears(1_100) > 0.9);
      await until('the callee to hear 700 Hz', () => other.hears(700) > 0.9);
      await call.done();
      await answer.done();
    } finally {
      await Promise.all([call.stop(), answer.stop()]);
      media.forEach((peer) => peer.close());
    }
  });
}
