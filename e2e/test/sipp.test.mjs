// Plain SIP phones, played by SIPp over UDP and TCP.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startChromium } from '../lib/browsers.mjs';
import { startExchange } from '../lib/exchange.mjs';
import { datagramsOf, rtpHeader } from '../lib/pcap.mjs';
import * as phone from '../lib/phone.mjs';
import { mediaPeer } from '../lib/rtp.mjs';
import { CODECS, sipp } from '../lib/sipp.mjs';
import { freePort, until } from '../lib/tools.mjs';

/** What `call.xml` needs to know for a call to the echo. */
const echo = (media) => ({ ...CODECS.PCMU, number: '600', media });

let exchange;

before(async () => {
  exchange = await startExchange('sipp');
});

after(() => exchange?.stop());

for (const [transport, flag] of [
  ['udp', 'u1'],
  ['tcp', 't1'],
]) {
  const to = () => ({ port: exchange.ports[transport], transport: flag, account: 'desk' });

  test(`a phone registers with digest over ${transport}`, async () => {
    const register = await sipp('register', { ...to(), args: ['-m', '1'] });
    await register.done();
  });

  test(`a phone with a wrong password is refused over ${transport}`, async () => {
    const register = await sipp('register-wrong', { ...to(), password: 'guessed', args: ['-m', '1'] });
    await register.done();
  });

  test(`600 returns every packet of a G.711 call over ${transport}`, async () => {
    const media = await mediaPeer();
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
    // The last packets may cross the BYE; nothing else may be missing or changed.
    assert.ok(returned >= sent - 5, `${returned} of ${sent} packets came back unchanged`);
  });

  test(`forty calls, ten a second, all come to their end over ${transport}`, async () => {
    const calls = await sipp('call', {
      ...to(),
      keys: echo(await freePort()),
      args: ['-m', '40', '-r', '10'],
    });
    await calls.done();
  });
}

/** The datagrams of a capture once packets are in it. */
async function finished(capture) {
  const datagrams = await datagramsOf(capture);
  return datagrams.filter(rtpHeader).length > 100 ? datagrams : null;
}

/** Loss can be counted by what was captured on both legs, and nothing that was said is in it. */
function assertCountable(datagrams, deskPort) {
  const streams = new Map();
  for (const datagram of datagrams) {
    const header = rtpHeader(datagram);
    if (!header) continue;
    assert.ok(datagram.head.length <= header.length, 'a payload was kept');
    const key = `${header.ssrc} ${datagram.from} ${datagram.to}`;
    streams.set(key, [...(streams.get(key) ?? []), { ...header, ...datagram }]);
  }
  const all = [...streams.values()];
  for (const packets of all) {
    const steps = packets.slice(1).map(({ sequence }, at) => (sequence - packets[at].sequence) & 0xffff);
    assert.ok(steps.every((step) => step === 1), `sequence numbers step by ${steps}`);
  }
  const desk = all.filter(([{ from, to }]) => from === deskPort || to === deskPort);
  assert.equal(desk.length, 2, 'to the desk phone and back');
  assert.ok(desk.every(([{ payloadType, payload }]) => payloadType === 0 && payload === 160));
  assert.ok(all.some(([{ payloadType }]) => payloadType === 111), 'Opus, of which the payload is encrypted');
}

test('a browser and a desk phone talk: DTLS-SRTP with Opus here, plain G.711 there', async () => {
  const browser = await startChromium();
  const localPort = await freePort();
  const desk = { port: exchange.ports.udp, account: 'tablet', localPort };
  const register = await sipp('register', { ...desk, args: ['-m', '1'] });
  await register.done();
  const media = await mediaPeer();
  const answering = await sipp('answer', { ...desk, keys: { ...CODECS.PCMU, media: media.port }, args: ['-m', '1'] });
  try {
    const alice = await phone.openPhone(browser, exchange, 'alice');
    const capture = path.join(exchange.dir, 'media.pcap');
    await exchange.command(`rtp set capture ${capture}`);
    await phone.call(alice, 'tablet');
    await phone.inPhase(alice, 'talking');
    await phone.assertHears(alice, 'alice, through the desk phone’s echo');
    await phone.hangUp(alice);
    await answering.done();
    await exchange.command('rtp set capture off');
    assertCountable(await until('the capture', () => finished(capture)), media.port);
  } finally {
    await answering.stop();
    media.close();
    await browser.stop();
  }
});
