// What runs in the places of internet.mjs: the exchange, coturn, and baresip as a phone.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { binary } from './exchange.mjs';
import * as network from './internet.mjs';
import { mustRun, run, until } from './tools.mjs';
import { loudness, shareOf } from './wav.mjs';

/** What a phone says. */
const TONE_HZ = 440;

/** Ports of the two TURN servers: one with fixed users, one with a shared secret. */
export const TURN = { fixed: 3479, shared: 3478, sharedTls: 5349 };
export const SECRET = 'north';

/** A key and certificate for these addresses, in `folder` under `name`. */
export async function certificate(folder, name, ...addresses) {
  const names = addresses.map((address) => `IP:${address}`).join(',');
  await mustRun('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${addresses[0]}`, '-addext', `subjectAltName=${names}`],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
    ...['-keyout', path.join(folder, `${name}.key`), '-out', path.join(folder, `${name}.crt`)],
  ]);
}

/** coturn on the server's address, with these ways to be let in. */
export async function startTurn(folder, name, port, tlsPort, ...login) {
  const server = network.runIn(
    'inet',
    'turnserver',
    [
      ...['-n', '--no-cli', '--log-file', 'stdout', '--simple-log', '--realm', 'north', '--verbose'],
      ...['--pidfile', path.join(folder, `${name}.pid`), '--db', path.join(folder, `${name}.db`)],
      ...['--listening-ip', network.SERVER, '--relay-ip', network.SERVER],
      ...['--listening-port', String(port), '--tls-listening-port', String(tlsPort)],
      ...['--cert', path.join(folder, 'turn.crt'), '--pkey', path.join(folder, 'turn.key')],
      ...login,
    ],
    { name: `netns-${name}` },
  );
  await until(`${name} to listen`, () => /UDP listener opened/.test(server.text) && server.running);
  return server;
}

const directories = (dir) =>
  `[directories]\nastetcdir => ${dir}/etc\nastdatadir => ${dir}/data\n` +
  `astrundir => ${dir}/run\nastlogdir => ${dir}/log\n`;

const pjsip = (transport, desk) => `
[udp]
type = transport
protocol = udp
bind = 0.0.0.0:5060
${transport}

[wss]
type = transport
protocol = wss
bind = 0.0.0.0
${transport}

[alice]
type = endpoint
context = in
webrtc = yes
disallow = all
allow = opus,ulaw
auth = alice
aors = alice

[alice]
type = auth
username = alice
password = alice-secret

[alice]
type = aor
max_contacts = 2

[desk]
type = endpoint
context = in
disallow = all
allow = ulaw
auth = desk
aors = desk
direct_media = no
rtp_symmetric = yes
force_rport = yes
rewrite_contact = yes
${desk}

[desk]
type = auth
username = desk
password = desk-secret

[desk]
type = aor
max_contacts = 2
`;

const EXTENSIONS = `
[in]
exten => 600,1,Answer()
 same => n,Echo()

; Calls back.
exten => 701,1,Answer()
 same => n,Originate(PJSIP/desk,exten,in,600,1)
 same => n,Hangup()
`;

/**
 * An exchange in its place. `rtp`, `transport` and `desk`, the endpoint, are lines of their files,
 * `monitor` the whole of res_stun_monitor.conf. `saw(what, pattern)` waits for a line of its log.
 */
export async function startSite(folder, name, { rtp = '', transport = '', desk = '', monitor, bind = '0.0.0.0' }) {
  const dir = path.join(folder, name);
  for (const part of ['etc', 'lib', 'data', 'run', 'log', 'spool']) {
    await mkdir(path.join(dir, part), { recursive: true });
  }
  const files = {
    'asterisk.conf': directories(dir),
    'pjsip.conf': pjsip(transport, desk),
    'extensions.conf': EXTENSIONS,
    'http.conf':
      `[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = 8088\ntlsenable = yes\n` +
      `tlsbindaddr = ${bind}:8089\ntlscertfile = ${folder}/site.crt\ntlsprivatekey = ${folder}/site.key\n`,
    'rtp.conf': `[general]\nrtpstart = ${network.MEDIA[0]}\nrtpend = ${network.MEDIA[1]}\n${rtp}\n`,
    'logger.conf': '[logfiles]\nconsole => notice,warning,error,verbose\n',
  };
  if (monitor) files['res_stun_monitor.conf'] = monitor;
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(dir, 'etc', file), text);
  const program = await binary();
  const conf = path.join(dir, 'etc', 'asterisk.conf');
  const exchange = network.runIn('node', program, ['-f', '-vvv', '-C', conf], { name: `netns-${name}` });
  const saw = (what, pattern, ms = 8_000) =>
    until(what, () => pattern.exec(exchange.text), ms).catch((error) => {
      throw new Error(`${error.message}\n${exchange.text.slice(-4000)}`);
    });
  await saw('the exchange to be ready', /Asterisk Ready/, 20_000);
  return {
    saw,
    get log() {
      return exchange.text;
    },
    async ask(line) {
      const asked = run(program, ['-C', conf, '-rx', line], {});
      await asked.done;
      return asked.text;
    },
    stop: () => exchange.stop(),
  };
}

/**
 * A baresip at the client's place, registered as `desk` and then told to dial. It says a sine,
 * takes every call and records what it hears. With `ice` it looks for a way by its own ICE, and
 * encrypts by DTLS.
 */
export async function startPhone(folder, name, { number, address = network.SITE, ice = false }) {
  const dir = path.join(folder, `phone-${name}`);
  await mkdir(dir, { recursive: true });
  const modules = ['g711', 'ausine', 'aubridge', 'sndfile', ...(ice ? ['ice', 'srtp', 'dtls_srtp'] : [])];
  const config = [
    ...['poll_method epoll', `sip_listen ${network.CLIENT}:5070`, `audio_source ausine,${TONE_HZ}`],
    ...['audio_player aubridge,none', 'audio_alert aubridge,none', 'ausrc_srate 48000', 'ausrc_channels 2'],
    ...['auplay_srate 48000', 'auplay_channels 2', 'module_path /usr/lib/baresip/modules'],
    ...modules.map((module) => `module ${module}.so`),
    ...['module_tmp uuid.so', 'module_tmp account.so', 'module_app menu.so'],
    ...[`snd_path ${dir}`, 'rtp_ports 40000-40100', `rtcp_mux ${ice ? 'yes' : 'no'}`],
  ];
  const account =
    `<sip:desk@${address}>;auth_user=desk;auth_pass=desk-secret;regint=300;audio_codecs=PCMU;` +
    (ice ? `medianat=ice;mediaenc=dtls_srtp;stunserver=stun:${network.SERVER}:${TURN.shared};` : '') +
    'answermode=auto\n';
  await writeFile(path.join(dir, 'config'), `${config.join('\n')}\n`);
  await writeFile(path.join(dir, 'accounts'), account);
  await writeFile(path.join(dir, 'contacts'), '');
  const args = ['-f', dir, '-s', '-v', '-e', `/dial sip:${number}@${address}`];
  const phone = network.runIn('client', 'baresip', args, { name: `netns-phone-${name}`, cwd: dir });
  const recordings = async () => {
    const files = (await readdir(dir)).filter((file) => file.endsWith('-dec.wav')).sort();
    return files.map((file) => path.join(dir, file));
  };
  const failing = (error) => {
    throw new Error(`${error.message}\n${phone.text.slice(-4000)}`);
  };
  return {
    get log() {
      return phone.text;
    },
    saw: (what, pattern, ms = 10_000) => until(what, () => pattern.exec(phone.text), ms).catch(failing),
    /** Ends it; how loud each call was for it, in order. */
    async heard() {
      await phone.stop();
      return Promise.all((await recordings()).map((file) => loudness(file, 0.3)));
    },
    /** Ends it; how much of what it heard last was the tone that it says. */
    async toneHeard() {
      await phone.stop();
      return shareOf((await recordings()).at(-1), TONE_HZ, 1);
    },
    stop: () => phone.stop(),
  };
}
