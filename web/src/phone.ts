// The phone as a whole: what a person (ui/) or a script (api.ts) can ask of it. One call at a time;
// whoever calls meanwhile hears busy and stands in the list of recent calls.

import type { RTCSession } from 'jssip/lib/RTCSession';
import type { Media } from './call.ts';
import { CallControl } from './call.ts';
import type { Log } from './log.ts';
import type { Loudspeaker } from './media.ts';
import type { Settings } from './settings.ts';
import { completeServer, save } from './settings.ts';
import { Line } from './sip.ts';
import { newCall } from './state.ts';
import type { Store } from './store.ts';
import { targetWords } from './strings.ts';

/** How long the words about an ended call stay before the keypad returns. */
const END_SHOWN_MS = 2_500;

export class Phone {
  readonly #store: Store;
  readonly #log: Log;
  readonly #loudspeaker: Loudspeaker;
  #settings: Settings;
  #line: Line | null = null;
  #call: CallControl | null = null;

  constructor(store: Store, log: Log, settings: Settings, loudspeaker: Loudspeaker) {
    this.#store = store;
    this.#log = log;
    this.#settings = settings;
    this.#loudspeaker = loudspeaker;
    store.subscribe(({ call }) => {
      if (call?.phase === 'ended') this.#clearLater(call.id);
    });
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** Changes settings, stores them, and applies devices to the call in progress. */
  configure(change: Partial<Settings>): void {
    const before = this.#settings;
    this.#settings = { ...before, ...change };
    save(this.#settings);
    if (before.microphone !== this.#settings.microphone) void this.#call?.replaceDevice('audio');
    if (before.camera !== this.#settings.camera) void this.#call?.replaceDevice('video');
    if (before.speaker !== this.#settings.speaker) {
      void this.#loudspeaker.choose(this.#settings.speaker);
    }
  }

  /** Connects and registers with the account in the settings. */
  signIn(): void {
    const { account } = this.#settings;
    let server: string;
    try {
      server = completeServer(this.#settings.server);
    } catch (error) {
      this.#refuseSignIn((error as Error).message);
      return;
    }
    if (!/^[^\s@:;<>"]+$/.test(account)) {
      this.#refuseSignIn('Type the account, for example “alice”, without a domain.');
      return;
    }
    this.configure({ server });
    this.#line?.stop();
    this.#store.dispatch({ type: 'sign-in', account });
    const line = new Line(this.#store, this.#log, this.#settings, (session, video) =>
      this.#incoming(session, video),
    );
    this.#line = line;
    line.start();
    if (this.#settings.speaker) void this.#loudspeaker.choose(this.#settings.speaker);
  }

  #refuseSignIn(text: string): void {
    const notice = { tone: 'error', title: 'Cannot sign in', text } as const;
    this.#store.dispatch({ type: 'notice', notice });
  }

  signOut(): void {
    this.#call?.hangUp();
    this.#call = null;
    this.#line?.stop();
    this.#line = null;
    this.#store.dispatch({ type: 'sign-out', notice: null });
  }

  /** The page is being left: gives the registration back without touching the screen. */
  leave(): void {
    this.#line?.stop();
    this.#line = null;
  }

  checkLine(): void {
    this.#line?.check();
  }

  /** Calls a number, an account or a SIP address. */
  async call(target: string, media: Media): Promise<void> {
    const number = target.trim();
    const line = this.#line;
    if (number === '' || !line || this.#busy()) return;
    const control = this.#newControl();
    this.#store.dispatch({
      type: 'call-started',
      call: newCall(control.id, 'out', number, ''),
    });
    if (!(await control.openMedia(media))) {
      const notice = this.#store.state.notice;
      if (notice && !control.over) control.fail(notice);
      return;
    }
    try {
      line.call(number, control.sessionOptions, (session) => control.follow(session));
    } catch {
      control.fail(targetWords(number));
    }
  }

  #newControl(): CallControl {
    const id = crypto.randomUUID();
    const control = new CallControl(id, this.#store, () => this.#settings, this.#loudspeaker);
    this.#call = control;
    return control;
  }

  #busy(): boolean {
    return this.#call !== null && !this.#call.over;
  }

  #incoming(session: RTCSession, video: boolean): void {
    const number = session.remote_identity.uri.user;
    const name = session.remote_identity.display_name ?? '';
    if (this.#busy()) {
      const recent = { number, name: name || number, direction: 'in', answered: false } as const;
      this.#store.dispatch({ type: 'call-missed', recent: { ...recent, at: Date.now() } });
      session.terminate({ status_code: 486 });
      return;
    }
    const control = this.#newControl();
    const call = { ...newCall(control.id, 'in', number, name), offersVideo: video };
    this.#store.dispatch({ type: 'call-started', call });
    control.follow(session);
  }

  /** Answers the call that rings. When the microphone fails it goes on ringing. */
  async answer(media: Media): Promise<void> {
    const control = this.#call;
    if (this.#store.state.call?.phase !== 'incoming' || !control?.session) return;
    const { id } = control;
    this.#store.dispatch({ type: 'call-changed', id, change: { phase: 'connecting' } });
    if (await control.openMedia(media)) {
      control.session.answer(control.sessionOptions);
    } else if (!control.over) {
      this.#store.dispatch({ type: 'call-changed', id, change: { phase: 'incoming' } });
    }
  }

  /** Hangs up, cancels, or declines. */
  hangUp(): void {
    if (this.#busy()) this.#call?.hangUp();
  }

  setMuted(on: boolean): void {
    this.#call?.setMuted(on);
  }

  setHeld(on: boolean): void {
    this.#call?.setHeld(on);
  }

  setCamera(on: boolean): void {
    void this.#call?.setCamera(on);
  }

  sendTones(tones: string): void {
    this.#call?.sendTones(tones);
  }

  /** The browser's counters of the current call, as plain objects; empty without a call. */
  async stats(): Promise<object[]> {
    return (await this.#call?.stats()) ?? [];
  }

  #clearLater(id: string): void {
    setTimeout(() => this.#store.dispatch({ type: 'call-cleared', id }), END_SHOWN_MS);
  }
}
