// Reads and writes 16-bit WAV files just well enough to tell tones from each other and from silence.
import { readFile, writeFile } from 'node:fs/promises';

/** The first channel of a file from `skipSeconds` on, full scale as 1, with its rate. */
async function samplesOf(file, skipSeconds) {
  const data = await readFile(file);
  const rate = data.readUInt32LE(24);
  const step = data.readUInt16LE(22) * 2;
  const samples = [];
  const start = data.indexOf('data') + 8 + Math.floor(skipSeconds * rate) * step;
  for (let at = start; at + 1 < data.length; at += step) samples.push(data.readInt16LE(at) / 32768);
  return { rate, samples };
}

/**
 * The share of all power that one frequency has, 0 to 1, in the loudest second after
 * `skipSeconds`; 0 when there is only silence.
 */
export async function shareOf(file, hz, skipSeconds = 0) {
  const { rate, samples } = await samplesOf(file, skipSeconds);
  let best = 0;
  for (let from = 0; from + rate <= samples.length; from += rate / 2) {
    best = Math.max(best, share(samples.slice(from, from + rate), rate, hz));
  }
  return best;
}

/** The share of all power that one frequency has in `samples`; 0 when they are silent. */
export function share(samples, rate, hz) {
  let [real, imaginary, power] = [0, 0, 0];
  samples.forEach((sample, at) => {
    const phase = (2 * Math.PI * hz * at) / rate;
    real += sample * Math.cos(phase);
    imaginary += sample * Math.sin(phase);
    power += (sample * sample) / samples.length;
  });
  const amplitude = (2 * Math.hypot(real, imaginary)) / samples.length;
  return power > 1e-5 ? (amplitude * amplitude) / 2 / power : 0;
}

/** Writes ten seconds of a tone. */
export async function writeTone(file, hz) {
  const rate = 48_000;
  const count = 10 * rate;
  const data = Buffer.alloc(44 + count * 2);
  data.write('RIFF');
  data.writeUInt32LE(36 + count * 2, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  for (const [at, value] of [[20, 1], [22, 1], [32, 2], [34, 16]]) data.writeUInt16LE(value, at);
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(rate * 2, 28);
  data.write('data', 36);
  data.writeUInt32LE(count * 2, 40);
  for (let at = 0; at < count; at += 1) {
    data.writeInt16LE(Math.round(8_000 * Math.sin((2 * Math.PI * hz * at) / rate)), 44 + at * 2);
  }
  await writeFile(file, data);
}

/** Root mean square of the samples after `skipSeconds`, with full scale as 1; 0 without samples. */
export async function loudness(file, skipSeconds = 0) {
  const data = await readFile(file);
  const rate = data.readUInt32LE(24);
  const channels = data.readUInt16LE(22);
  const start = data.indexOf('data') + 8 + Math.floor(skipSeconds * rate) * channels * 2;
  let sum = 0;
  let count = 0;
  for (let at = start; at + 1 < data.length; at += 2) {
    const sample = data.readInt16LE(at) / 32768;
    sum += sample * sample;
    count += 1;
  }
  return count > 0 ? Math.sqrt(sum / count) : 0;
}
