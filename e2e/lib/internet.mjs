// A small Internet of network namespaces: the exchange and its clients, each behind a NAT of its
// own, and a STUN and TURN server between them. Everything is made by the story and removed after.
//
//   client 192.168.1.10 ── home 203.0.113.40 ── Internet ── site 203.0.113.5 ── exchange 10.0.0.5
//       2001:db8:40::10                            │                      2001:db8:5::5
//                                        coturn 203.0.113.1
import { spawn } from 'node:child_process';
import { mustRun, run } from './tools.mjs';

/** The site's public address, and a second one. */
export const SITE = '203.0.113.5';
export const SITE_TOO = '203.0.113.6';
export const SITE_IPV6 = '2001:db8:5::5';
export const HOME = '203.0.113.40';
export const SERVER = '203.0.113.1';
/** Nobody is there. */
export const NOBODY = '203.0.113.99';
/** The exchange's own address, and one that keepalived would move from node to node. */
export const NODE = '10.0.0.5';
export const FLOATING = '10.0.0.6';
export const CLIENT = '192.168.1.10';

/** Ports of the exchange's media. */
export const MEDIA = [20_000, 20_199];

const PLACES = ['inet', 'site', 'node', 'home', 'client'];
const tag = `st${process.pid % 100_000}`;
const name = (place) => `${tag}-${place}`;

const ip = (...args) => mustRun('ip', args);
const shell = (place, line) => mustRun('ip', ['netns', 'exec', name(place), 'sh', '-c', line]);

/** Joins two places with a cable; each end has a name there and addresses. */
async function cable([one, oneEnd, ...oneAddresses], [other, otherEnd, ...otherAddresses]) {
  const [near, far] = [name(one), name(other)];
  await ip('-n', near, 'link', 'add', oneEnd, 'type', 'veth', 'peer', 'name', otherEnd, 'netns', far);
  for (const [place, end, addresses] of [
    [near, oneEnd, oneAddresses],
    [far, otherEnd, otherAddresses],
  ]) {
    for (const address of addresses) await assign(place, address, end);
    await ip('-n', place, 'link', 'set', end, 'up');
  }
}

/** IPv6 addresses are used at once, without looking for another host that has them. */
function assign(place, address, end) {
  const flags = address.includes(':') ? ['nodad'] : [];
  return ip('-n', place, 'address', 'add', address, 'dev', end, ...flags);
}

/** Replaces the rules of a router; what it had translated so far is forgotten. */
async function rules(place, text) {
  await new Promise((resolve, reject) => {
    const args = ['netns', 'exec', name(place), 'nft', '-f', '-'];
    const child = spawn('ip', args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk) => (said += chunk));
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`nft in ${place}: ${said}`))));
    child.stdin.end(`flush ruleset\n${text}`);
  });
  await shell(place, 'conntrack -F 2>&1');
}

const nat = (inwards, outwards, through = '') => `
table ip nat {
  chain inwards {
    type nat hook prerouting priority dstnat
    ${inwards}
  }
  chain outwards {
    type nat hook postrouting priority srcnat
    ${outwards}
  }
}
table ip filter {
  chain through {
    type filter hook forward priority filter
    ${through}
  }
}`;

const media = `${MEDIA[0]}-${MEDIA[1]}`;
const signalling = (address, to = NODE) => `
    iifname "wan" ip daddr ${address} tcp dport 8089 dnat to ${to}
    iifname "wan" ip daddr ${address} udp dport 5060 dnat to ${to}`;
const ports = 'masquerade to :30000-60000 fully-random';

/** How the site's NAT behaves. Signalling always reaches the exchange. */
const SITES = {
  /** Every port of the public address is the exchange's. */
  'one to one': (address) =>
    nat(
      `iifname "wan" ip daddr ${address} dnat to ${NODE}`,
      `oifname "wan" ip saddr 10.0.0.0/24 snat to ${address}`,
    ),
  /** The floating address has a public one of its own; the node's leads nowhere from outside. */
  floating: () =>
    nat(
      `iifname "wan" ip daddr ${SITE_TOO} dnat to ${FLOATING}`,
      `oifname "wan" ip saddr ${FLOATING} snat to ${SITE_TOO}
    oifname "wan" ip saddr 10.0.0.0/24 snat to ${SITE}`,
    ),
  /** Whoever has learned of a mapping may use it. */
  'full cone': (address) =>
    nat(
      `${signalling(address)}
    iifname "wan" ip daddr ${address} udp dport ${media} dnat to ${NODE}`,
      `oifname "wan" ip saddr 10.0.0.0/24 snat to ${address}`,
    ),
  /** Another port for each peer, and nobody else gets in. */
  symmetric: (address) =>
    nat(
      signalling(address),
      `oifname "wan" ip saddr 10.0.0.0/24 udp sport ${media} ${ports}
    oifname "wan" ip saddr 10.0.0.0/24 snat to ${address}`,
    ),
};

const out = `oifname "wan" ip saddr 192.168.1.0/24 snat to ${HOME}`;

/** How the client's NAT behaves. */
const HOMES = {
  'full cone': nat(`iifname "wan" ip daddr ${HOME} meta l4proto udp dnat to ${CLIENT}`, out),
  /** The same port for all peers, but only those are let in that were sent to. */
  'port restricted': nat('', out),
  symmetric: nat('', `oifname "wan" ip saddr 192.168.1.0/24 meta l4proto udp ${ports}\n    ${out}`),
  /** A firewall that lets TCP out and nothing else. */
  'no udp': nat('', out, 'meta l4proto udp drop'),
};

/** Makes the places and the cables. Needs root. */
export async function build() {
  await remove();
  for (const place of PLACES) {
    await ip('netns', 'add', name(place));
    await ip('-n', name(place), 'link', 'set', 'lo', 'up');
  }
  await ip('-n', name('inet'), 'link', 'add', 'lan', 'type', 'bridge');
  await assign(name('inet'), `${SERVER}/24`, 'lan');
  await ip('-n', name('inet'), 'link', 'set', 'lan', 'up');
  for (const [place, ...addresses] of [
    ['site', `${SITE}/24`, `${SITE_TOO}/24`, '2001:db8::5/64'],
    ['home', `${HOME}/24`, '2001:db8::40/64'],
  ]) {
    await cable(['inet', place], [place, 'wan', ...addresses]);
    await ip('-n', name('inet'), 'link', 'set', place, 'master', 'lan');
    await shell(place, 'echo 1 > /proc/sys/net/ipv4/ip_forward');
    await shell(place, 'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding');
  }
  await cable(
    ['site', 'lan', '10.0.0.1/24', '2001:db8:5::1/64'],
    ['node', 'eth0', `${NODE}/24`, `${FLOATING}/24`],
  );
  await cable(
    ['home', 'lan', '192.168.1.1/24', '2001:db8:40::1/64'],
    ['client', 'eth0', `${CLIENT}/24`],
  );
  await ip('-n', name('node'), 'route', 'add', 'default', 'via', '10.0.0.1', 'src', NODE);
  await ip('-n', name('client'), 'route', 'add', 'default', 'via', '192.168.1.1');
}

/** Gives the exchange and the client IPv6, which needs no NAT and would be preferred. */
export async function addIpv6() {
  await assign(name('node'), `${SITE_IPV6}/64`, 'eth0');
  await assign(name('client'), '2001:db8:40::10/64', 'eth0');
  await ip('-n', name('node'), '-6', 'route', 'add', 'default', 'via', '2001:db8:5::1');
  await ip('-n', name('client'), '-6', 'route', 'add', 'default', 'via', '2001:db8:40::1');
  await ip('-n', name('site'), '-6', 'route', 'add', '2001:db8:40::/64', 'via', '2001:db8::40');
  await ip('-n', name('home'), '-6', 'route', 'add', '2001:db8:5::/64', 'via', '2001:db8::5');
}

/** Removes everything, whatever of it is there. */
export async function remove() {
  for (const place of PLACES) await ip('netns', 'del', name(place)).catch(() => {});
}

/** Gives the site and the home their kinds of NAT. */
export async function behave(site, home, address = SITE) {
  await rules('site', SITES[site](address));
  await rules('home', HOMES[home]);
}

/** The site has its second public address from now on, and the first one is gone. */
export async function moveSite(kind) {
  await ip('-n', name('site'), 'address', 'del', `${SITE}/24`, 'dev', 'wan');
  // The second address was the first one's companion and may have gone with it.
  await ip('-n', name('site'), 'address', 'add', `${SITE_TOO}/24`, 'dev', 'wan').catch(() => {});
  await rules('site', SITES[kind](SITE_TOO));
}

/** The command that runs a program in a place. */
export const command = (place, program) => ['ip', 'netns', 'exec', name(place), program];

/** Starts a program in a place. */
export function runIn(place, program, args, options) {
  const [first, ...rest] = command(place, program);
  return run(first, [...rest, ...args], options);
}
