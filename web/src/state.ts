// The whole state of the phone as one plain value, and the pure function that moves it on.
// Everything on the screen is derived from it; sip.ts and call.ts only report events.

import type { NetworkReport } from './ice.ts';
import type { Quality } from './quality.ts';
import type { CallEnd, Notice } from './strings.ts';
import { endWords } from './strings.ts';

/** How the phone stands with the exchange. */
export type Line =
  | { readonly kind: 'signed-out' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'registering' }
  | { readonly kind: 'registered' }
  | { readonly kind: 'reconnecting'; readonly attempt: number };

/** Where a call stands. `ended` stays on the screen for a moment with its words. */
export type Phase =
  | 'preparing' // microphone being opened
  | 'calling' // INVITE sent
  | 'ringing' // 180 came
  | 'incoming' // somebody rings here
  | 'connecting' // answered, media not up yet
  | 'talking'
  | 'ended';

export interface Call {
  readonly id: string;
  readonly direction: 'in' | 'out';
  /** Number or account on the other side. */
  readonly number: string;
  /** Display name, or the number when there is none. */
  readonly name: string;
  readonly phase: Phase;
  /** Milliseconds since the epoch at which the call was answered. */
  readonly answeredAt: number | null;
  readonly muted: boolean;
  readonly heldHere: boolean;
  readonly heldThere: boolean;
  /** Whether the caller offers video (incoming calls). */
  readonly offersVideo: boolean;
  /** Whether the far side sends sound before it answers, so that no ringing tone is made here. */
  readonly earlyMedia: boolean;
  /** Own camera, shown as preview. */
  readonly localVideo: MediaStream | null;
  /** One stream per video that arrives. */
  readonly remoteVideos: readonly MediaStream[];
  readonly quality: Quality | null;
  /** Whether the exchange was asked to connect the other side elsewhere. */
  readonly transferring: boolean;
  readonly end: Notice | null;
}

/** A finished call, for the list of recent calls. */
export interface Recent {
  readonly number: string;
  readonly name: string;
  readonly direction: 'in' | 'out';
  readonly answered: boolean;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface PhoneState {
  readonly account: string;
  readonly line: Line;
  /** Whether the browser says that there is a network. */
  readonly online: boolean;
  readonly notice: Notice | null;
  readonly call: Call | null;
  /** The call that is on hold while its person asks somebody else, before handing it over. */
  readonly waiting: Call | null;
  readonly recents: readonly Recent[];
  /** Which addresses this browser finds; null until it was looked. */
  readonly network: NetworkReport | null;
}

export type Event =
  | { readonly type: 'sign-in'; readonly account: string }
  | { readonly type: 'sign-out'; readonly notice: Notice | null }
  | { readonly type: 'connected' }
  | { readonly type: 'registered' }
  | { readonly type: 'registration-lost' }
  | { readonly type: 'disconnected'; readonly attempt: number; readonly notice: Notice | null }
  | { readonly type: 'network'; readonly online: boolean }
  | { readonly type: 'network-checked'; readonly report: NetworkReport }
  | { readonly type: 'notice'; readonly notice: Notice | null }
  | { readonly type: 'media-path-works' }
  | { readonly type: 'recents'; readonly recents: readonly Recent[] }
  | { readonly type: 'call-started'; readonly call: Call }
  | { readonly type: 'consultation-started'; readonly call: Call }
  | { readonly type: 'call-changed'; readonly id: string; readonly change: CallChange }
  | { readonly type: 'call-ended'; readonly id: string; readonly end: CallEnd; readonly at: number }
  | { readonly type: 'call-failed'; readonly id: string; readonly notice: Notice }
  | { readonly type: 'call-missed'; readonly recent: Recent }
  | { readonly type: 'call-cleared'; readonly id: string };

/** What may change during a call. */
export type CallChange = Partial<Omit<Call, 'id' | 'direction' | 'end'>>;

/** Recent calls kept: as many as fit a screen twice over. */
export const RECENTS_KEPT = 20;

export const initialState: PhoneState = {
  account: '',
  line: { kind: 'signed-out' },
  online: true,
  notice: null,
  call: null,
  waiting: null,
  recents: [],
  network: null,
};

export function newCall(
  id: string,
  direction: Call['direction'],
  number: string,
  name: string,
): Call {
  return {
    id,
    direction,
    number,
    name: name || number,
    phase: direction === 'in' ? 'incoming' : 'preparing',
    answeredAt: null,
    muted: false,
    heldHere: false,
    heldThere: false,
    offersVideo: false,
    earlyMedia: false,
    localVideo: null,
    remoteVideos: [],
    quality: null,
    transferring: false,
    end: null,
  };
}

/** The next state. Events about a call that is no longer the current one change nothing. */
export function reduce(state: PhoneState, event: Event): PhoneState {
  switch (event.type) {
    case 'sign-in':
      return { ...state, account: event.account, line: { kind: 'connecting' }, notice: null };
    case 'sign-out':
      return { ...state, line: { kind: 'signed-out' }, notice: event.notice, call: null, waiting: null };
    case 'connected':
    case 'registered':
    case 'registration-lost':
    case 'disconnected':
      return { ...state, ...reduceLine(state, event) };
    case 'network':
      return { ...state, online: event.online };
    case 'network-checked':
      return { ...state, network: event.report };
    case 'notice':
      return { ...state, notice: event.notice };
    case 'media-path-works':
      return { ...state, notice: without(state.notice, 'media path') };
    case 'recents':
      return { ...state, recents: event.recents.slice(0, RECENTS_KEPT) };
    case 'call-started':
      return { ...state, call: event.call, notice: null };
    case 'consultation-started':
      return { ...state, waiting: state.call, call: event.call, notice: null };
    case 'call-missed':
      return { ...state, recents: [event.recent, ...state.recents].slice(0, RECENTS_KEPT) };
    case 'call-changed':
    case 'call-ended':
    case 'call-failed':
    case 'call-cleared':
      if (state.call?.id === event.id) return reduceCall(state, state.call, event);
      if (state.waiting?.id === event.id) return reduceWaiting(state, state.waiting, event);
      return state;
  }
}

type LineEvent = Extract<
  Event,
  { type: 'connected' | 'registered' | 'registration-lost' | 'disconnected' }
>;

/** Takes a message back whose matter has settled; every other one stays until it is read. */
function without(notice: Notice | null, about: Notice['about']): Notice | null {
  return notice?.about === about ? null : notice;
}

function reduceLine(state: PhoneState, event: LineEvent): Partial<PhoneState> {
  // After signing out, late events of the old connection must not bring it back on the screen.
  if (state.line.kind === 'signed-out') return {};
  switch (event.type) {
    case 'connected':
    case 'registration-lost':
      return { line: { kind: 'registering' } };
    case 'registered':
      return { line: { kind: 'registered' }, notice: without(state.notice, 'line') };
    case 'disconnected':
      return {
        line: { kind: 'reconnecting', attempt: event.attempt },
        notice: event.notice ?? state.notice,
      };
  }
}

type CallEvent = Extract<
  Event,
  { type: 'call-changed' | 'call-ended' | 'call-failed' | 'call-cleared' }
>;

function reduceCall(state: PhoneState, call: Call, event: CallEvent): PhoneState {
  switch (event.type) {
    case 'call-changed':
      if (call.phase === 'ended') return state;
      return { ...state, call: { ...call, ...event.change } };
    case 'call-ended':
      return {
        ...endCall(state, call, endWords(event.end, call.name), event.at),
        notice: without(state.notice, 'media path'),
      };
    case 'call-failed':
      return { ...endCall(state, call, event.notice, Date.now()), notice: event.notice };
    case 'call-cleared':
      // After a consultation the call that waited comes back.
      return call.phase === 'ended' ? { ...state, call: state.waiting, waiting: null } : state;
  }
}

/** What happens to the call on hold while another one is on the screen. */
function reduceWaiting(state: PhoneState, waiting: Call, event: CallEvent): PhoneState {
  switch (event.type) {
    case 'call-changed':
      return { ...state, waiting: { ...waiting, ...event.change } };
    case 'call-ended':
    case 'call-failed': {
      const at = event.type === 'call-ended' ? event.at : Date.now();
      return { ...state, waiting: null, recents: remember(state, waiting, at) };
    }
    case 'call-cleared':
      return state;
  }
}

function endCall(state: PhoneState, call: Call, end: Notice, at: number): PhoneState {
  if (call.phase === 'ended') return state;
  return {
    ...state,
    call: { ...call, phase: 'ended', localVideo: null, remoteVideos: [], end },
    recents: remember(state, call, at),
  };
}

/** The recent calls with this one on top. */
function remember(state: PhoneState, call: Call, at: number): readonly Recent[] {
  const recent: Recent = {
    number: call.number,
    name: call.name,
    direction: call.direction,
    answered: call.answeredAt !== null,
    at: call.answeredAt ?? at,
  };
  return [recent, ...state.recents].slice(0, RECENTS_KEPT);
}

/** Words and colour for the registration light. */
export function lineWords(state: PhoneState): { words: string; tone: 'off' | 'wait' | 'ok' } {
  if (state.line.kind !== 'signed-out' && !state.online) return { words: 'Offline', tone: 'wait' };
  switch (state.line.kind) {
    case 'signed-out':
      return { words: 'Signed out', tone: 'off' };
    case 'connecting':
      return { words: 'Connecting…', tone: 'wait' };
    case 'registering':
      return { words: 'Registering…', tone: 'wait' };
    case 'registered':
      return { words: 'Registered', tone: 'ok' };
    case 'reconnecting':
      return { words: 'Reconnecting…', tone: 'wait' };
  }
}

/** Words under the name in a call. */
export function phaseWords(call: Call): string {
  switch (call.phase) {
    case 'preparing':
      return 'Opening the microphone…';
    case 'calling':
      return 'Calling…';
    case 'ringing':
      return 'Ringing…';
    case 'incoming':
      return call.offersVideo ? 'Incoming video call' : 'Incoming call';
    case 'connecting':
      return 'Connecting…';
    case 'talking':
      if (call.transferring) return 'Transferring…';
      if (call.heldHere) return 'On hold';
      return call.heldThere ? 'The other side put you on hold' : '';
    case 'ended':
      return call.end?.title ?? 'Call ended';
  }
}
