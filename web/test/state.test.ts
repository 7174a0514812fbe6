import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshot } from '../src/api.ts';
import type { Event, PhoneState } from '../src/state.ts';
import { cameraSkippedWords, closedWords, mediaPathWords } from '../src/strings.ts';
import { RECENTS_KEPT, initialState, lineWords, newCall, phaseWords, reduce } from '../src/state.ts';

const run = (...events: Event[]): PhoneState => events.reduce(reduce, initialState);

const signedIn: Event[] = [
  { type: 'sign-in', account: 'alice' },
  { type: 'connected' },
  { type: 'registered' },
];

const talking: Event[] = [
  ...signedIn,
  { type: 'call-started', call: newCall('1', 'out', '600', '') },
  { type: 'call-changed', id: '1', change: { phase: 'talking', answeredAt: 1000 } },
];

const ended = (id: string): Event => ({
  type: 'call-ended',
  id,
  end: { by: 'remote', status: 0, reason: '', cause: 'Terminated', answered: true },
  at: 2000,
});

test('signing in leads through connecting and registering to registered', () => {
  assert.equal(run(signedIn[0]!).line.kind, 'connecting');
  assert.equal(run(signedIn[0]!, signedIn[1]!).line.kind, 'registering');
  assert.equal(run(...signedIn).line.kind, 'registered');
});

test('late events of an old connection do not undo signing out', () => {
  const state = run(
    ...signedIn,
    { type: 'sign-out', notice: null },
    { type: 'disconnected', attempt: 1, notice: null },
    { type: 'registered' },
  );
  assert.equal(state.line.kind, 'signed-out');
});

test('a lost connection keeps the call and its words say reconnecting', () => {
  const state = run(...talking, { type: 'disconnected', attempt: 2, notice: null });
  assert.equal(state.line.kind, 'reconnecting');
  assert.equal(state.call?.phase, 'talking');
  assert.equal(lineWords(state).words, 'Reconnecting…');
});

test('being registered again clears the notice about the lost connection', () => {
  const notice = closedWords(1006, '');
  const state = run(...signedIn, { type: 'disconnected', attempt: 1, notice }, { type: 'registered' });
  assert.equal(state.notice, null);
});

test('the notice about a media path goes when packets come through, and with the call', () => {
  const interrupted = run(...talking, { type: 'notice', notice: mediaPathWords() });
  assert.equal(reduce(interrupted, { type: 'registered' }).notice, interrupted.notice);
  assert.equal(reduce(interrupted, { type: 'media-path-works' }).notice, null);
  assert.equal(reduce(interrupted, ended('1')).notice, null);
});

test('what the person must do stays to be read however fast the call is answered', () => {
  const refused: Event = { type: 'notice', notice: cameraSkippedWords('refused') };
  const state = run(...talking, refused, { type: 'registered' }, { type: 'media-path-works' }, ended('1'));
  assert.equal(state.notice?.title, 'The camera is blocked');
});

test('without a network the light says offline whatever the socket believes', () => {
  assert.equal(lineWords(run(...signedIn, { type: 'network', online: false })).words, 'Offline');
});

test('an ended call keeps its words until it is cleared, and joins the recent ones', () => {
  const state = run(...talking, ended('1'));
  assert.equal(state.call?.phase, 'ended');
  assert.equal(phaseWords(state.call!), '600 hung up');
  assert.equal(state.recents.length, 1);
  assert.equal(state.recents[0]?.answered, true);
  assert.equal(reduce(state, { type: 'call-cleared', id: '1' }).call, null);
});

test('a call ends once', () => {
  const state = run(...talking, ended('1'), ended('1'));
  assert.equal(state.recents.length, 1);
});

test('events of an earlier call do not touch the current one', () => {
  const state = run(...talking);
  assert.equal(reduce(state, ended('0')), state);
  assert.equal(reduce(state, { type: 'call-changed', id: '0', change: { muted: true } }), state);
});

test('clearing does nothing to a call that still goes on', () => {
  const state = run(...talking);
  assert.equal(reduce(state, { type: 'call-cleared', id: '1' }).call?.id, '1');
});

test('changes after the end do not revive a call', () => {
  const state = run(...talking, ended('1'));
  const change = { phase: 'talking' } as const;
  assert.equal(reduce(state, { type: 'call-changed', id: '1', change }).call?.phase, 'ended');
});

test('recent calls are bounded', () => {
  const recent = { number: '1', name: '1', direction: 'in', answered: false, at: 0 } as const;
  const many = Array.from({ length: 30 }, (): Event => ({ type: 'call-missed', recent }));
  assert.equal(run(...many).recents.length, RECENTS_KEPT);
});

test('a script sees plain data only', () => {
  const seen = snapshot(run(...talking));
  assert.deepEqual(JSON.parse(JSON.stringify(seen)), seen);
  assert.equal(seen.call?.phase, 'talking');
  assert.equal(seen.call?.videos, 0);
});

const consulting: Event[] = [
  ...talking,
  { type: 'call-changed', id: '1', change: { heldHere: true } },
  { type: 'consultation-started', call: newCall('2', 'out', 'bob', '') },
  { type: 'call-changed', id: '2', change: { phase: 'talking', answeredAt: 1500 } },
];

test('a consultation keeps the first call waiting and brings it back', () => {
  const state = run(...consulting);
  assert.equal(state.call?.number, 'bob');
  assert.equal(state.waiting?.number, '600');
  assert.equal(snapshot(state).waiting?.heldHere, true);
  const back = run(...consulting, ended('2'), { type: 'call-cleared', id: '2' });
  assert.equal(back.call?.id, '1');
  assert.equal(back.call?.phase, 'talking');
  assert.equal(back.waiting, null);
});

test('a waiting call that ends leaves the consultation as an ordinary call', () => {
  const state = run(...consulting, ended('1'));
  assert.equal(state.call?.id, '2');
  assert.equal(state.waiting, null);
  assert.equal(state.recents[0]?.number, '600');
  const over = run(...consulting, ended('1'), ended('2'), { type: 'call-cleared', id: '2' });
  assert.equal(over.call, null);
});

test('a waiting call that is being handed over says so', () => {
  const state = run(...consulting, { type: 'call-changed', id: '1', change: { transferring: true } });
  assert.equal(state.waiting?.transferring, true);
  assert.equal(state.call?.transferring, false);
});
