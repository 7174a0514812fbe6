// The configuration the stories run with: Asterisk's files, written into a temporary directory.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { mustRun } from './tools.mjs';

/** Accounts of browsers; the password is the name with `-secret`. */
export const BROWSERS = ['alice', 'bob', 'carol', 'dave'];

/** Accounts of plain SIP phones: G.711, and one that speaks Opus only. */
export const DESKS = ['desk', 'tablet'];
export const OPUS_DESKS = ['opal'];

/** Video codecs with two browser accounts each, `vp9-one` and `vp9-two`, that speak no other. */
export const VIDEO_CODECS = ['vp8', 'vp9', 'h264', 'av1'];
const videoAccounts = VIDEO_CODECS.flatMap((codec) => [`${codec}-one`, `${codec}-two`]);

/** What the trunk of the stories wants to be told; `wrong-trunk` tells it something else. */
export const TRUNK = { user: 'exchange', secret: 'trunk-secret' };

export const passwordOf = (account) => `${account}-secret`;

const account = (name, template) => `
[${name}](${template})
auth = ${name}
aors = ${name}
callerid = ${name[0].toUpperCase()}${name.slice(1)} <${name}>

[${name}]
type = auth
auth_type = userpass
username = ${name}
password = ${passwordOf(name)}

[${name}]
type = aor
max_contacts = 5
remove_existing = yes
`;

const trunk = (name, { secret, ports }) => `
[${name}](phone)
aors = ${name}
outbound_auth = ${name}

[${name}]
type = auth
auth_type = userpass
username = ${TRUNK.user}
password = ${secret}

[${name}]
type = aor
contact = sip:127.0.0.1:${ports.trunk}
`;

const ipv6Transports = (ports) =>
  ['udp', 'tcp']
    .map((kind) => `[transport-${kind}6]\ntype = transport\nprotocol = ${kind}\nbind = [::1]:${ports[kind]}\n`)
    .join('\n');

const pjsip = ({ ports, dir, external, ipv6 }) => `
[global]
type = global

[transport-udp]
type = transport
protocol = udp
bind = 127.0.0.1:${ports.udp}

[transport-tcp]
type = transport
protocol = tcp
bind = 127.0.0.1:${ports.tcp}

${ipv6 ? ipv6Transports(ports) : ''}
[transport-tls]
type = transport
protocol = tls
bind = 127.0.0.1:${ports.tls}
cert_file = ${dir}/tls.crt
priv_key_file = ${dir}/tls.key

[transport-wss]
type = transport
protocol = wss
bind = 0.0.0.0
${external ? `external_media_address = ${external}\nexternal_signaling_address = ${external}\nlocal_net = 10.0.0.0/8` : ''}

[browser](!)
type = endpoint
context = stories
webrtc = yes
disallow = all
allow = opus,ulaw,vp8
max_video_streams = 4

[phone](!)
type = endpoint
context = stories
disallow = all
allow = ulaw,alaw
direct_media = no
dtmf_mode = rfc4733

[opus-phone](!,phone)
disallow = all
allow = opus
${VIDEO_CODECS.map((codec) => `[video-${codec}](!,browser)\ndisallow = all\nallow = opus,${codec}\n`).join('\n')}
${BROWSERS.map((name) => account(name, 'browser')).join('')}
${videoAccounts.map((name) => account(name, `video-${name.split('-')[0]}`)).join('')}
${DESKS.map((name) => account(name, 'phone')).join('')}
${OPUS_DESKS.map((name) => account(name, 'opus-phone')).join('')}
${trunk('trunk', { secret: TRUNK.secret, ports })}
${trunk('wrong-trunk', { secret: 'guessed', ports })}
`;

const extensions = () => `
[stories]
exten => 600,1,Answer()
 same => n,Echo()
 same => n,Hangup()

exten => 246,1,NoOp(StreamEcho)
 same => n,Answer()
 same => n,Wait(0.5)
 same => n,StreamEcho(4)
 same => n,Hangup()

; Echo begins only when the right digits arrive; everything else ends the call.
exten => 700,1,Answer()
 same => n,Read(PIN,,3,,1,8)
 same => n,GotoIf($["\${PIN}" = "246"]?right:wrong)
 same => n(right),Echo()
 same => n(wrong),Hangup()

exten => 486,1,Busy(3)
exten => 503,1,Congestion(3)

; A trunk that wants a password, told the right one and a wrong one.
exten => _0X.,1,Dial(PJSIP/\${EXTEN:1}@trunk,20)
exten => _8X.,1,Dial(PJSIP/\${EXTEN:1}@wrong-trunk,20)

; A tone of 1004 Hz, to be measured.
exten => 1004,1,Milliwatt()

${[...BROWSERS, ...videoAccounts, ...DESKS, ...OPUS_DESKS].map((name) => `exten => ${name},1,Dial(PJSIP/${name},20)\n same => n,Hangup()\n`).join('\n')}
`;

const http = ({ ports, dir }) => `
[general]
enabled = yes
bindaddr = 127.0.0.1
bindport = ${ports.http}
tlsenable = yes
tlsbindaddr = 127.0.0.1:${ports.https}
tlscertfile = ${dir}/tls.crt
tlsprivatekey = ${dir}/tls.key
enable_static = yes
`;

const rtp = ({ media }) => `
[general]
rtpstart = ${media[0]}
rtpend = ${media[1]}
icesupport = yes
`;

const directories = ({ dir }) => `
[directories]
astetcdir => ${dir}/etc
astmoddir => ${dir}/modules
astvarlibdir => ${dir}/lib
astdbdir => ${dir}/lib
astkeydir => ${dir}/lib
astdatadir => ${dir}/data
astspooldir => ${dir}/spool
astrundir => ${dir}/run
astlogdir => ${dir}/log
`;

/** Writes all files below `dir`; returns the path of asterisk.conf. */
export async function writeConfig(exchange) {
  const { dir } = exchange;
  for (const name of ['etc', 'modules', 'lib', 'data/static-http', 'spool', 'run', 'log']) {
    await mkdir(path.join(dir, name), { recursive: true });
  }
  // An authority of its own, which a story can let a browser trust.
  await mustRun(exchange.program, ['cert', 'self-signed', '-d', dir, '-o', 'tls', '-C', '127.0.0.1', '-C', 'localhost']);
  const files = {
    'asterisk.conf': directories(exchange),
    'pjsip.conf': pjsip(exchange),
    'extensions.conf': extensions(),
    'http.conf': http(exchange),
    'rtp.conf': rtp(exchange),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(path.join(dir, 'etc', name), `${text.trimStart()}`);
  }
  return path.join(dir, 'etc', 'asterisk.conf');
}
