// `window.sidetone`: the phone for scripts in the page, for example a CRM that loads this bundle.

import type { NetworkReport, Verdict } from './ice.ts';
import { judge } from './ice.ts';
import type { Log } from './log.ts';
import type { Phone } from './phone.ts';
import type { Call, PhoneState } from './state.ts';
import type { Store } from './store.ts';

declare const PHONE_VERSION: string;

/** What a script sees of the phone: plain data, no streams. */
export interface Snapshot {
  readonly account: string;
  readonly line: PhoneState['line']['kind'];
  readonly notice: { readonly title: string; readonly text: string } | null;
  readonly call: CallSnapshot | null;
  /** The call on hold during a consultation. */
  readonly waiting: CallSnapshot | null;
  /** Which addresses the browser found before any call, and what that comes to. */
  readonly network: (NetworkReport & { readonly verdict: Verdict }) | null;
}

/** What a script sees of one call. */
export interface CallSnapshot {
  readonly direction: 'in' | 'out';
  readonly number: string;
  readonly name: string;
  readonly phase: string;
  readonly muted: boolean;
  readonly heldHere: boolean;
  readonly heldThere: boolean;
  readonly transferring: boolean;
  readonly videos: number;
  readonly answeredAt: number | null;
}

export function snapshot({ account, line, notice, call, waiting, network }: PhoneState): Snapshot {
  return {
    account,
    line: line.kind,
    notice: notice && { title: notice.title, text: notice.text },
    call: call && callSnapshot(call),
    waiting: waiting && callSnapshot(waiting),
    network: network && { ...network, verdict: judge(network) },
  };
}

function callSnapshot(call: Call): CallSnapshot {
  return {
    direction: call.direction,
    number: call.number,
    name: call.name,
    phase: call.phase,
    muted: call.muted,
    heldHere: call.heldHere,
    heldThere: call.heldThere,
    transferring: call.transferring,
    videos: call.remoteVideos.length,
    answeredAt: call.answeredAt,
  };
}

/** The object put at `window.sidetone`. */
export function makeApi(store: Store, phone: Phone, log: Log): object {
  const media = (video: unknown): 'audio' | 'audio and video' => (video ? 'audio and video' : 'audio');
  return Object.freeze({
    version: PHONE_VERSION,
    get state(): Snapshot {
      return snapshot(store.state);
    },
    signIn(options: { account?: string; password?: string; server?: string } = {}): void {
      const { account, password, server } = options;
      phone.configure({
        ...(account === undefined ? {} : { account }),
        ...(password === undefined ? {} : { password }),
        ...(server === undefined ? {} : { server }),
      });
      phone.signIn();
    },
    signOut: () => phone.signOut(),
    call: (target: string, options: { video?: boolean } = {}) =>
      phone.call(target, media(options.video)),
    answer: (options: { video?: boolean } = {}) => phone.answer(media(options.video)),
    hangup: () => phone.hangUp(),
    mute: (on = true) => phone.setMuted(on),
    hold: (on = true) => phone.setHeld(on),
    camera: (on = true) => phone.setCamera(on),
    dtmf: (tones: string) => phone.sendTones(String(tones)),
    transfer: (target: string) => phone.transfer(String(target)),
    consult: (target: string) => phone.consult(String(target)),
    completeTransfer: () => phone.completeTransfer(),
    stats: () => phone.stats(),
    log: () => log.text(),
    checkNetwork: () => phone.checkNetwork(),
    /** `on('state', listener)` returns a function that ends the subscription. */
    on(name: 'state', listener: (state: Snapshot) => void): () => void {
      if (name !== 'state') throw new TypeError(`there is no event “${String(name)}”, only “state”`);
      return store.subscribe((state) => listener(snapshot(state)));
    },
  });
}
