// A media endpoint without a codec: sends numbered RTP packets and counts which come back.
import dgram from 'node:dgram';

/** 20 ms of G.711 at 8 kHz. */
const SAMPLES = 160;

/** Binds an endpoint on a loopback address. */
export async function mediaEndpoint(host = '127.0.0.1') {
  const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
  await new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, host, resolve);
  });
  const sent = new Map();
  const returned = new Set();
  let received = 0;
  socket.on('message', (packet) => {
    if (packet.length < 12 || packet[0] >> 6 !== 2 || (packet[1] & 0x7f) !== 0) return;
    received += 1;
    const marker = packet.readUInt32BE(12);
    const original = sent.get(marker);
    if (original && packet.subarray(12).equals(original)) returned.add(marker);
  });
  return {
    port: socket.address().port,
    get result() {
      return { sent: sent.size, received, returned: returned.size };
    },
    /** Sends one packet every 20 ms to `port` for `ms`. */
    send(port, ms) {
      const total = Math.floor(ms / 20);
      let sequence = 0;
      return new Promise((resolve) => {
        const timer = setInterval(() => {
          if (sequence >= total) {
            clearInterval(timer);
            resolve();
            return;
          }
          const packet = Buffer.alloc(12 + SAMPLES, 0xd5);
          packet[0] = 0x80;
          packet[1] = 0;
          packet.writeUInt16BE(sequence & 0xffff, 2);
          packet.writeUInt32BE(sequence * SAMPLES, 4);
          packet.writeUInt32BE(0x51de70e, 8);
          // The payload carries its own number: what comes back is compared byte by byte.
          packet.writeUInt32BE(0x40000000 + sequence, 12);
          sent.set(0x40000000 + sequence, Buffer.from(packet.subarray(12)));
          socket.send(packet, port, host);
          sequence += 1;
        }, 20);
      });
    },
    close: () => socket.close(),
  };
}
