import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultOf } from '../src/media.ts';
import type { CallEnd } from '../src/strings.ts';
import {
  cameraSkippedWords,
  closedWords,
  connectWords,
  endWords,
  mediaWords,
  registrationWords,
} from '../src/strings.ts';

test('every name of a getUserMedia error leads to words of its own', () => {
  const names = {
    NotAllowedError: 'refused',
    NotFoundError: 'not-found',
    NotReadableError: 'in-use',
    OverconstrainedError: 'unsuitable',
    WeirdError: 'other',
  } as const;
  for (const [name, fault] of Object.entries(names)) assert.equal(faultOf(name), fault);
  const titles = new Set(Object.values(names).map((fault) => mediaWords(fault, 'microphone').title));
  assert.equal(titles.size, 5);
});

test('a refused microphone says where to allow it', () => {
  assert.match(mediaWords('refused', 'microphone').text, /lock or camera symbol/);
});

test('a camera that fails is a warning and the call goes on', () => {
  const words = cameraSkippedWords('in-use');
  assert.equal(words.tone, 'warning');
  assert.match(words.text, /without video/);
});

test('401 after credentials names account and password', () => {
  const words = registrationWords(401, 'Unauthorized', 'alice');
  assert.match(words.title, /password/i);
  assert.match(words.text, /alice/);
});

test('404 says that the account is unknown', () => {
  assert.match(registrationWords(404, 'Not Found', 'zoe').title, /Unknown account/);
});

test('a status without words of its own is quoted', () => {
  assert.match(registrationWords(500, 'Oh dear', 'alice').text, /500 Oh dear/);
});

test('an unreachable wss address names the certificate and gives the link to open', () => {
  const words = connectWords('unreachable', true, 'https://pbx:8089/ws');
  assert.match(words.text, /certificate/);
  assert.equal(words.link?.href, 'https://pbx:8089/ws');
});

test('an unreachable ws address does not speak of certificates', () => {
  assert.equal(/certificate/.test(connectWords('unreachable', false, '').text), false);
});

test('close code 1001 means that the exchange is stopping', () => {
  assert.match(closedWords(1001, '').title, /exchange closed/);
  assert.match(closedWords(1012, '').title, /restarting/);
  assert.match(closedWords(1006, '').title, /Connection lost/);
});

const refused = (status: number): CallEnd => ({
  by: 'remote',
  status,
  reason: '',
  cause: 'whatever',
  answered: false,
});

test('the causes of a refused call have words', () => {
  assert.match(endWords(refused(486), 'bob').title, /bob is busy/);
  assert.match(endWords(refused(404), '999').title, /999 does not exist/);
  assert.match(endWords(refused(408), 'bob').title, /did not answer/);
  assert.match(endWords(refused(480), 'bob').title, /not available/);
  assert.match(endWords(refused(488), 'bob').title, /codec/);
  assert.match(endWords(refused(599), 'bob').text, /599/);
});

test('an answered call that ends is no failure', () => {
  const end: CallEnd = { by: 'remote', status: 0, reason: '', cause: 'Terminated', answered: true };
  assert.equal(endWords(end, 'bob').title, 'bob hung up');
  assert.equal(endWords({ ...end, by: 'local' }, 'bob').title, 'Call ended');
});

test('a call answered on another phone is not a missed call', () => {
  const end: CallEnd = { by: 'remote', status: 0, reason: '', cause: 'Canceled', answered: false };
  assert.match(endWords(end, 'bob').title, /Missed call from bob/);
  const elsewhere = { ...end, reason: 'SIP;cause=200;text="Call completed elsewhere"' };
  assert.match(endWords(elsewhere, 'bob').title, /elsewhere/);
});

test('no media path is explained even when the call had been answered', () => {
  const end: CallEnd = { by: 'local', status: 0, reason: '', cause: 'RTP Timeout', answered: true };
  assert.match(endWords(end, 'bob').text, /firewall/);
});
