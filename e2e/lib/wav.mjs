// Reads a 16-bit WAV file just well enough to tell sound from silence.
import { readFile } from 'node:fs/promises';

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
