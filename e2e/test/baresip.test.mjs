// baresip over TLS: another SIP stack, another TLS library, sound in a file.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { passwordOf } from '../lib/config.mjs';
import { startExchange } from '../lib/exchange.mjs';
import { run, sleep, until } from '../lib/tools.mjs';
import { loudness, shareOf } from '../lib/wav.mjs';

// What baresip's source plays.
const TONE_HZ = 440;

let exchange;
let folder;

before(async () => {
  exchange = await startExchange('baresip');
  folder = await mkdtemp(path.join(os.tmpdir(), 'sidetone-baresip-'));
});

after(async () => {
  await exchange?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const config = () => `
poll_method epoll
sip_listen 127.0.0.1:0
audio_source ausine,${TONE_HZ}
audio_player aubridge,none
audio_alert aubridge,none
ausrc_srate 48000
ausrc_channels 2
auplay_srate 48000
auplay_channels 2
module_path /usr/lib/baresip/modules
module g711.so
module ausine.so
module aubridge.so
module sndfile.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
snd_path ${folder}
sip_verify_server no
`;

const account = () =>
  `<sip:desk@127.0.0.1:${exchange.ports.tls};transport=tls>;auth_user=desk;` +
  `auth_pass=${passwordOf('desk')};regint=300;audio_codecs=PCMU\n`;

test('baresip registers over TLS, calls 600 and records its own tone', async () => {
  await writeFile(path.join(folder, 'config'), config());
  await writeFile(path.join(folder, 'accounts'), account());
  await writeFile(path.join(folder, 'contacts'), '');
  const baresip = run(
    'baresip',
    ['-f', folder, '-t', '12', '-e', `/dial sip:600@127.0.0.1:${exchange.ports.tls}`],
    { name: 'baresip', cwd: folder },
  );
  try {
    await until('baresip to be registered', () => /200 OK|registered successfully/.test(baresip.text));
    await until('the call to be established', () => /Call established/.test(baresip.text));
    await sleep(4_000);
  } catch (error) {
    throw new Error(`${error.message}\n${baresip.text.slice(-3000)}`);
  } finally {
    await baresip.stop();
  }
  const recorded = (await readdir(folder)).filter((name) => name.endsWith('-dec.wav'));
  assert.equal(recorded.length, 1, `recordings: ${await readdir(folder)}`);
  const back = path.join(folder, recorded[0]);
  const level = await loudness(back, 1);
  assert.ok(level > 0.01, `what came back has a level of ${level}`);
  const share = await shareOf(back, TONE_HZ, 1);
  assert.ok(share > 0.8, `${share} of what came back is the tone that went out`);
});
