import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stat } from '../src/quality.ts';
import { barsOf, compare, duration, read, score } from '../src/quality.ts';

const stats = (packets: number, lost: number, bytes: number): Stat[] => [
  { id: 'C1', type: 'codec', mimeType: 'audio/opus' },
  {
    id: 'I1',
    type: 'inbound-rtp',
    kind: 'audio',
    codecId: 'C1',
    packetsReceived: packets,
    packetsLost: lost,
    bytesReceived: bytes,
    jitter: 0.004,
  },
  { id: 'O1', type: 'outbound-rtp', kind: 'audio', codecId: 'C1', packetsSent: packets, bytesSent: bytes },
  {
    id: 'R1',
    type: 'remote-inbound-rtp',
    kind: 'audio',
    localId: 'O1',
    packetsLost: 0,
    jitter: 0.002,
    roundTripTime: 0.03,
  },
];

test('two readings give rates, loss and codec for both directions', () => {
  const quality = compare(read(stats(0, 0, 0), 0), read(stats(50, 0, 4000), 1000));
  assert.equal(quality.rttMs, 30);
  assert.equal(quality.receive.kbps, 32);
  assert.equal(quality.receive.codec, 'opus');
  assert.equal(quality.receive.bars, 4);
  assert.equal(quality.receive.words, 'Excellent');
  assert.equal(quality.send.jitterMs, 2);
});

test('loss counts against the packets expected and is named', () => {
  const quality = compare(read(stats(0, 0, 0), 0), read(stats(40, 10, 3000), 1000));
  assert.equal(quality.receive.loss, 20);
  assert.ok(quality.receive.bars <= 2);
  assert.match(quality.receive.words, /packets get lost/);
});

test('silence on the wire is said in words', () => {
  const quality = compare(read(stats(50, 0, 4000), 0), read(stats(50, 0, 4000), 1000));
  assert.equal(quality.receive.bars, 0);
  assert.equal(quality.receive.words, 'No sound arrives');
  assert.equal(quality.send.words, 'No sound is sent');
});

test('an empty report gives a verdict too', () => {
  const quality = compare(read([], 0), read([], 1000));
  assert.equal(quality.receive.bars, 0);
  assert.equal(quality.rttMs, null);
});

test('each arriving video has its own figures', () => {
  const video = (frames: number): Stat[] => [
    { id: 'V1', type: 'inbound-rtp', kind: 'video', framesDecoded: frames, frameWidth: 640, frameHeight: 480 },
    { id: 'V2', type: 'inbound-rtp', kind: 'video', framesDecoded: 0 },
  ];
  const quality = compare(read(video(0), 0), read(video(40), 2000));
  assert.deepEqual(
    quality.videoReceive.map(({ fps, size }) => [fps, size]),
    [
      [20, '640×480'],
      [0, ''],
    ],
  );
});

test('the score falls with delay, jitter and loss, and stays within its range', () => {
  const best = score(0, 0, 0);
  assert.ok(best > 4.3 && best <= 4.5);
  for (const worse of [score(600, 0, 0), score(0, 100, 0), score(0, 0, 5)]) assert.ok(worse < best);
  assert.ok(score(5000, 1000, 100) >= 0.9);
});

test('bars follow the classes of satisfaction', () => {
  assert.deepEqual([4.4, 3.8, 3.3, 2].map(barsOf), [4, 3, 2, 1]);
});

test('the timer shows hours only when there are some', () => {
  assert.equal(duration(0), '00:00');
  assert.equal(duration(725_000), '12:05');
  assert.equal(duration(3_723_000), '1:02:03');
});
