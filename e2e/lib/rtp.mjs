// The media of a phone that SIPp plays: says a tone or returns what it hears, presses keys, and tells
// which packets, tones and keys arrived.
import dgram from 'node:dgram';
import { share } from './wav.mjs';

/** 20 ms of G.711 at 8 kHz. */
const SAMPLES = 160;
const RATE = 8_000;

/** Payload types that the scenarios of sipp/ agree on. */
const PCMU = 0;
const EVENT = 101;

const KEYS = '0123456789*#ABCD';

/** How long a key is held and the pause after it, in packets of 20 ms. */
const KEY_PACKETS = 5;
const PAUSE_PACKETS = 5;

/** The 16-bit sample of a µ-law code (G.711), full scale as 1. */
function decoded(code) {
  const bits = ~code & 0xff;
  const size = (((bits & 0x0f) << 3) + 0x84) << ((bits & 0x70) >> 4);
  return (bits & 0x80 ? 0x84 - size : size - 0x84) / 32_768;
}

/** The code nearest to a sample; the table is searched once per amplitude. */
const codes = new Map();
function encoded(sample) {
  const key = Math.round(sample * 8_192);
  if (!codes.has(key)) {
    const all = Array.from({ length: 256 }, (_, code) => code);
    const off = (code) => Math.abs(decoded(code) - key / 8_192);
    codes.set(key, all.reduce((best, code) => (off(code) < off(best) ? code : best)));
  }
  return codes.get(key);
}

/** The header and payload of an RTP packet; null for anything else. */
function parse(packet) {
  if (packet.length < 13 || packet[0] >> 6 !== 2) return null;
  const type = packet[1] & 0x7f;
  if (type >= 64 && type <= 95) return null; // RTCP
  const start = 12 + 4 * (packet[0] & 0x0f);
  return { type, timestamp: packet.readUInt32BE(4), payload: packet.subarray(start) };
}

/**
 * Binds an endpoint on a loopback address. With `hz` it says that tone in G.711 as soon as it knows
 * where to; without, it returns every packet of sound, in whatever codec, to where it came from.
 */
export async function mediaPeer({ hz = null, host = '127.0.0.1' } = {}) {
  const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
  await new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, host, resolve);
  });
  let to = null;
  let heard = [];
  let pressed = '';
  let lastKey = null;
  let sequence = 0;
  let clock = 0;
  const queue = [];
  const own = new Map();
  const returned = new Set();

  const write = (type, timestamp, payload, marker = 0) => {
    const packet = Buffer.alloc(12 + payload.length);
    packet[0] = 0x80;
    packet[1] = type | (marker << 7);
    packet.writeUInt16BE(sequence & 0xffff, 2);
    packet.writeUInt32BE(timestamp >>> 0, 4);
    packet.writeUInt32BE(0x51de70e, 8);
    payload.copy(packet, 12);
    sequence += 1;
    socket.send(packet, to, host);
  };
  const tone = () =>
    Buffer.from(Array.from({ length: SAMPLES }, (_, at) => encoded(0.25 * Math.sin((2 * Math.PI * hz * (clock + at)) / RATE))));
  const tick = () => {
    clock += SAMPLES;
    if (to === null) return;
    const packets = queue.shift();
    if (packets === undefined) {
      if (hz !== null) write(PCMU, clock, tone());
      return;
    }
    for (const [began, payload, marker] of packets(clock)) write(EVENT, began, payload, marker);
  };
  const timer = setInterval(tick, 20);

  socket.on('message', (packet, from) => {
    const rtp = parse(packet);
    if (!rtp) return;
    to ??= from.port;
    if (rtp.type === EVENT) {
      const over = (rtp.payload[1] & 0x80) !== 0;
      if (over && lastKey !== rtp.timestamp) pressed += KEYS[rtp.payload[0]] ?? '?';
      if (over) lastKey = rtp.timestamp;
      return;
    }
    const marker = rtp.payload.length >= 4 ? rtp.payload.readUInt32BE(0) : 0;
    if (own.get(marker)?.equals(rtp.payload)) {
      returned.add(marker);
      return;
    }
    if (rtp.type === PCMU) {
      heard.push(...rtp.payload);
      heard = heard.slice(-2 * RATE);
    }
    if (hz === null) socket.send(packet, from.port, from.address);
  });
  return {
    port: socket.address().port,
    /** The keys that were pressed at the other end so far. */
    get pressed() {
      return pressed;
    },
    get result() {
      return { sent: own.size, returned: returned.size };
    },
    /** Where to send to before anything came from there. */
    aim(port) {
      to = port;
    },
    /** The share of one frequency in the last second that was heard, 0 to 1. */
    hears: (frequency) => (heard.length < RATE ? 0 : share(heard.slice(-RATE).map(decoded), RATE, frequency)),
    /** Presses keys one after the other (RFC 4733), each for 100 ms, and returns after the last. */
    async press(keys) {
      for (const key of keys) {
        let began = 0;
        for (let step = 1; step <= KEY_PACKETS; step += 1) {
          queue.push((now) => {
            if (step === 1) began = now;
            const last = step === KEY_PACKETS;
            const event = Buffer.from([KEYS.indexOf(key), last ? 0x8a : 0x0a, 0, 0]);
            event.writeUInt16BE(step * SAMPLES, 2);
            return Array.from({ length: last ? 3 : 1 }, () => [began, event, step === 1 ? 1 : 0]);
          });
        }
        for (let step = 0; step < PAUSE_PACKETS; step += 1) queue.push(() => []);
      }
      while (queue.length > 0) await new Promise((done) => setTimeout(done, 20));
    },
    /** Sends one packet of `type` every 20 ms for `ms`, each with its number in it. */
    send(ms, type = PCMU) {
      const total = Math.floor(ms / 20);
      let count = 0;
      return new Promise((resolve) => {
        const sending = setInterval(() => {
          if (count >= total) {
            clearInterval(sending);
            resolve();
            return;
          }
          const payload = Buffer.alloc(SAMPLES, 0xd5);
          // The payload carries its own number: what comes back is compared byte by byte.
          payload.writeUInt32BE(0x40000000 + count, 0);
          own.set(0x40000000 + count, payload);
          write(type, count * SAMPLES, payload);
          count += 1;
        }, 20);
      });
    },
    close() {
      clearInterval(timer);
      socket.close();
    },
  };
}
