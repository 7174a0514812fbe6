import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill, redact } from '../src/log.ts';
import { GATHER_GRACE_MS, GATHER_LIMIT_MS, gatherMore, offersVideo } from '../src/media.ts';
import {
  completeServer,
  defaultSettings,
  domainOf,
  parseHandover,
  parseSettings,
  probeAddress,
  serverOfPage,
  startingSettings,
  storable,
} from '../src/settings.ts';
import { initials } from '../src/ui/dom.ts';
import { actionOf } from '../src/ui/keyboard.ts';

test('the address bar hands over account, password and numbers to try', () => {
  const handover = parseHandover('#account=alice&password=a%26b&try=600:Echo,246:Video%20echo,8');
  assert.equal(handover?.account, 'alice');
  assert.equal(handover?.password, 'a&b');
  assert.deepEqual(handover?.hints, [
    { number: '600', label: 'Echo' },
    { number: '246', label: 'Video echo' },
    { number: '8', label: '8' },
  ]);
});

test('a fragment of another kind is left alone', () => {
  assert.equal(parseHandover('#top'), null);
  assert.equal(parseHandover(''), null);
});

test('the server is the one the page came from', () => {
  assert.equal(serverOfPage({ protocol: 'https:', host: 'pbx:8089' }), 'wss://pbx:8089/ws');
  assert.equal(serverOfPage({ protocol: 'http:', host: '127.0.0.1:8088' }), 'ws://127.0.0.1:8088/ws');
  assert.equal(serverOfPage({ protocol: 'https:', host: 'pbx' }, '/pbx/sip'), 'wss://pbx/pbx/sip');
});

test('what a person types as server is completed', () => {
  assert.equal(completeServer('pbx.example.org'), 'wss://pbx.example.org:8089/ws');
  assert.equal(completeServer('pbx.example.org:443'), 'wss://pbx.example.org/ws');
  assert.equal(completeServer(' https://pbx.example.org '), 'wss://pbx.example.org/ws');
  assert.equal(completeServer('wss://pbx:8089/sip'), 'wss://pbx:8089/sip');
  assert.equal(completeServer('ws://[::1]:8088/ws'), 'ws://[::1]:8088/ws');
  assert.throws(() => completeServer(''), /address/);
  assert.throws(() => completeServer('ftp://x'), /wss/);
});

test('domain and address to open follow from the server', () => {
  assert.equal(domainOf('wss://pbx.example.org:8089/ws'), 'pbx.example.org');
  assert.equal(probeAddress('wss://pbx:8089/ws'), 'https://pbx:8089/ws');
});

test('the password is stored only on request, the account unless refused', () => {
  const settings = { ...defaultSettings, account: 'alice', password: 'secret' };
  assert.equal(storable(settings).password, '');
  assert.equal(storable(settings).account, 'alice');
  assert.equal(storable({ ...settings, rememberPassword: true }).password, 'secret');
  const relay = { ...settings, turnPassword: 'relay' };
  assert.equal(storable(relay).turnPassword, '');
  assert.equal(storable({ ...relay, rememberPassword: true }).turnPassword, 'relay');
  const guest = { ...settings, rememberAccount: false, rememberPassword: true };
  assert.equal(storable(guest).account, '');
  assert.equal(storable(guest).password, '');
});

test('damaged storage counts as empty', () => {
  assert.deepEqual(parseSettings('{'), defaultSettings);
  assert.deepEqual(parseSettings('[1]'), defaultSettings);
  assert.equal(parseSettings('{"account":5,"stun":"x"}').account, '');
  assert.equal(parseSettings('{"account":5,"stun":"x"}').stun, 'x');
});

test('gathering ends at once with a reflexive address and never waits for a dead STUN server', () => {
  assert.equal(gatherMore('host', false, false), GATHER_GRACE_MS);
  assert.equal(gatherMore('host', true, false), GATHER_LIMIT_MS);
  assert.equal(gatherMore('srflx', true, false), 0);
});

test('an exchange that takes later candidates is not kept waiting for a server', () => {
  assert.equal(gatherMore('host', true, true), GATHER_GRACE_MS);
});

test('the log shows no digest', () => {
  const line = 'Authorization: Digest username="a", response="0123", cnonce="xy", nc=00000001';
  assert.equal(redact(line), 'Authorization: Digest username="a", response="…", cnonce="…", nc=00000001');
});

test('the log shows no password of a TURN server', () => {
  const line = 'Sidetone-Ice-Servers: [{"credential":"c2Vj","username":"1:alice"}]';
  assert.equal(redact(line), 'Sidetone-Ice-Servers: [{"credential":"…","username":"1:alice"}]');
});

test('console formats are filled in', () => {
  assert.equal(fill(['%cJsSIP%c call %s', 'color', '', 'x', 7]), 'JsSIP call x 7');
});

test('initials come from names, not from numbers', () => {
  assert.equal(initials('Alice Example'), 'AE');
  assert.equal(initials('bob'), 'B');
  assert.equal(initials('600'), '#');
});

const free = { typing: false, pressable: false };

test('keys dial, send tones or do nothing, as the call stands', () => {
  assert.deepEqual(actionOf('5', null, free), { kind: 'dial', digit: '5' });
  assert.deepEqual(actionOf('5', 'talking', free), { kind: 'tone', digit: '5' });
  assert.deepEqual(actionOf('5', 'incoming', free), { kind: 'none' });
  assert.deepEqual(actionOf('Enter', 'incoming', free), { kind: 'answer' });
  assert.deepEqual(actionOf('Escape', 'ringing', free), { kind: 'hang-up' });
  assert.deepEqual(actionOf('Escape', null, free), { kind: 'none' });
  assert.deepEqual(actionOf('M', 'talking', free), { kind: 'mute' });
  assert.deepEqual(actionOf('m', 'ringing', free), { kind: 'none' });
});

test('typing in a field is never taken for a shortcut', () => {
  assert.deepEqual(actionOf('m', 'talking', { ...free, typing: true }), { kind: 'none' });
  assert.deepEqual(actionOf('Enter', 'incoming', { ...free, pressable: true }), { kind: 'none' });
});

test('an account handed over is used with the exchange of its page, and not remembered', () => {
  const stored = { ...defaultSettings, account: 'carol', password: 'x', server: 'wss://old.example/ws' };
  const ofPage = 'wss://pbx.example:8089/ws';
  const guest = startingSettings(stored, parseHandover('#account=alice&password=y'), ofPage);
  assert.deepEqual([guest.account, guest.password, guest.server], ['alice', 'y', ofPage]);
  assert.equal(storable(guest).account, '');
  const elsewhere = startingSettings(stored, parseHandover('#account=alice&server=wss://b.example/ws'), ofPage);
  assert.deepEqual([elsewhere.server, elsewhere.password], ['wss://b.example/ws', '']);
  const own = startingSettings(stored, null, ofPage);
  assert.deepEqual([own.account, own.server], ['carol', 'wss://old.example/ws']);
  assert.equal(startingSettings(defaultSettings, null, ofPage).server, ofPage);
});

test('a video that shares the port of the sound is an offer, a refused one is none', () => {
  const audio = 'v=0\r\nm=audio 4000 RTP/SAVPF 0\r\na=sendrecv\r\n';
  assert.equal(offersVideo(audio), false);
  assert.equal(offersVideo(`${audio}m=video 4002 RTP/SAVPF 96\r\n`), true);
  assert.equal(offersVideo(`${audio}m=video 0 RTP/SAVPF 96\r\na=bundle-only\r\n`), true);
  assert.equal(offersVideo(`${audio}m=video 0 RTP/SAVPF 96\r\na=inactive\r\n`), false);
});
