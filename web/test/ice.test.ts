import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FoundCandidate } from '../src/ice.ts';
import {
  completeUri,
  iceServers,
  isPublic,
  judge,
  localHalf,
  parseFragment,
  parseServers,
  report,
  untold,
  writeFragment,
} from '../src/ice.ts';
import { defaultSettings } from '../src/settings.ts';
import { initialState, reduce } from '../src/state.ts';
import { networkWords } from '../src/strings.ts';

const TURN = { urls: ['turn:203.0.113.1:3478?transport=tcp'], username: '17:a', credential: 'x' };

test('the servers of the settings go before those of the exchange', () => {
  assert.deepEqual(iceServers(defaultSettings, [TURN]), [TURN]);
  const own = { ...defaultSettings, stun: 'stun.example.org', turn: 'turns:t', turnUser: 'u', turnPassword: 'p' };
  assert.deepEqual(iceServers(own, [TURN]), [
    { urls: 'stun:stun.example.org' },
    { urls: 'turns:t', username: 'u', credential: 'p' },
  ]);
  assert.equal(completeUri(' turn.example.org:3478 ', 'turn'), 'turn:turn.example.org:3478');
  assert.equal(completeUri('', 'turn'), '');
});

test('what the exchange names is read, what is no server passed over', () => {
  const header = JSON.stringify([{ urls: ['stun:203.0.113.1:3478'] }, TURN]);
  assert.deepEqual(parseServers(header), [{ urls: ['stun:203.0.113.1:3478'] }, TURN]);
  assert.deepEqual(parseServers(undefined), []);
  assert.deepEqual(parseServers('{"urls":"stun:x"}'), []);
  assert.deepEqual(parseServers('[1,null,{"urls":["http://x"]},{"urls":"turn:no-login"}]'), []);
  assert.deepEqual(parseServers('[{"urls":"stun:x"}'), []);
  assert.equal(parseServers(JSON.stringify(Array(50).fill({ urls: 'stun:x' }))).length, 5);
});

const SDP = [
  'v=0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=candidate:1 1 udp 2122260223 192.168.1.10 40000 typ host generation 0 network-id 1',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:secret',
  'a=mid:0',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:1',
].join('\r\n');

test('candidates that stand in the description or are of another round are not told again', () => {
  assert.deepEqual(localHalf(SDP), { ufrag: 'abcd', pwd: 'secret', mid: '0' });
  const host = 'candidate:1 1 udp 2122260223 192.168.1.10 40000 typ host generation 0 ufrag abcd network-id 1';
  const late = 'candidate:2 1 udp 1686052607 203.0.113.40 40000 typ srflx raddr 192.168.1.10 rport 40000';
  const found = [host, `${late} generation 0 ufrag abcd network-id 1`, `${late} generation 0 ufrag old`];
  assert.deepEqual(untold(found, SDP), [late]);
});

test('a body of candidates is read as it was written', () => {
  const candidates = ['candidate:1 1 udp 5 203.0.113.5 20000 typ srflx raddr 0.0.0.0 rport 0'];
  const fragment = { ufrag: 'abcd', pwd: 'secret', mid: '0', candidates, complete: true };
  const body = writeFragment(fragment);
  assert.match(body, /^a=ice-ufrag:abcd\r\na=ice-pwd:secret\r\nm=audio 9 RTP\/AVP 0\r\na=mid:0\r\n/);
  assert.deepEqual(parseFragment(body), [fragment]);
  assert.deepEqual(parseFragment('rubbish'), [
    { ufrag: '', pwd: '', mid: '', candidates: [], complete: false },
  ]);
  assert.equal(parseFragment('m=audio 9 RTP/AVP 0\nm=video 9 RTP/AVP 0\na=end-of-candidates').length, 2);
});

const host: FoundCandidate = { type: 'host', address: '192.168.1.10' };
const mdns: FoundCandidate = { type: 'host', address: '4f2b.local' };
const srflx: FoundCandidate = { type: 'srflx', address: '203.0.113.40' };
const relay: FoundCandidate = { type: 'relay', address: '203.0.113.1' };

test('only host and mDNS addresses are warned of, reflexive and relayed ones are shown', () => {
  const verdict = (found: readonly FoundCandidate[], servers: number): string =>
    judge(report(found, servers, []));
  assert.equal(verdict([host, mdns], 1), 'only local');
  assert.equal(verdict([mdns], 0), 'no servers');
  assert.equal(verdict([], 1), 'nothing');
  assert.equal(verdict([host, srflx], 1), 'reflexive');
  assert.equal(verdict([host, srflx, relay], 1), 'relay');
  assert.equal(verdict([{ type: 'host', address: '198.51.100.7' }], 0), 'public');
  for (const found of [[host, mdns], [], [mdns]]) {
    assert.equal(networkWords(report(found, 1, [])).tone, 'warning');
  }
  const failed = networkWords(report([host], 1, ['turn:x: 401 Unauthorized', 'turn:x: 401 Unauthorized']));
  assert.match(failed.text, /firewall/);
  assert.equal(failed.text.match(/401/g)?.length, 1);
  assert.match(networkWords(report([srflx], 1, [])).text, /203\.0\.113\.40/);
  assert.match(networkWords(report([relay], 1, [])).text, /203\.0\.113\.1/);
});

test('private, carrier and link-local addresses are not public', () => {
  for (const address of ['10.0.0.1', '172.16.9.9', '172.31.0.1', '192.168.0.1', '100.64.0.1', '169.254.1.1', '127.0.0.1', '::1', '[::1]', '[fd00::1]', 'fe80::1']) {
    assert.ok(!isPublic(address), address);
  }
  for (const address of ['172.32.0.1', '100.128.0.1', '203.0.113.5', '2001:db8::5', '[2001:db8::5]', '11.0.0.1']) {
    assert.ok(isPublic(address), address);
  }
});

test('what was found stands in the state', () => {
  const found = report([host], 0, []);
  assert.equal(reduce(initialState, { type: 'network-checked', report: found }).network, found);
});
