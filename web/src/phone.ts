// The phone as a whole: what a person (ui/) or a script (api.ts) can ask of it. One call at a time,
// and one more on hold while its person asks somebody before handing it over; whoever calls
// meanwhile hears busy and stands in the list of recent calls.

import type { RTCSession } from 'jssip/lib/RTCSession';
import type { Media } from './call.ts';
import { CallControl } from './call.ts';
import type { NetworkReport, Reachability } from './ice.ts';
import { UNKNOWN, iceServers, judge } from './ice.ts';
import type { Log } from './log.ts';
import type { Loudspeaker } from './media.ts';
import { checkNetwork } from './network-check.ts';
import type { Settings } from './settings.ts';
import { completeServer, save } from './settings.ts';
import { Line } from './sip.ts';
import type { PhoneState } from './state.ts';
import { newCall } from './state.ts';
import type { Store } from './store.ts';
import { targetWords, transferredWords } from './strings.ts';

/** How long the words about an ended call stay before the keypad returns. */
const END_SHOWN_MS = 2_500;

export class Phone {
  readonly #store: Store;
  readonly #log: Log;
  readonly #loudspeaker: Loudspeaker;
  #settings: Settings;
  #reachability: Reachability = UNKNOWN;
  /** The servers that the last check asked, so that the same ones are not asked again. */
  #checked: string | null = null;
  #line: Line | null = null;
  #call: CallControl | null = null;
  /** The call on hold during a consultation. */
  #waiting: CallControl | null = null;
  #lineWasLost = false;

  constructor(store: Store, log: Log, settings: Settings, loudspeaker: Loudspeaker) {
    this.#store = store;
    this.#log = log;
    this.#settings = settings;
    this.#loudspeaker = loudspeaker;
    store.subscribe(({ call, line }) => {
      if (call?.phase === 'ended') this.#clearLater(call.id);
      this.#follow(call?.id ?? null);
      this.#watchLine(line.kind);
    });
  }

  /** Calls outlive a line that is lost for a while. */
  #watchLine(line: PhoneState['line']['kind']): void {
    if (line === 'reconnecting') this.#lineWasLost = true;
    if (line !== 'registered' || !this.#lineWasLost) return;
    this.#lineWasLost = false;
    this.#call?.reconnect();
    this.#waiting?.reconnect();
  }

  /** The call that waited is on the screen again, or it is over. */
  #follow(current: string | null): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    if (waiting.id === current) {
      this.#call = waiting;
      this.#waiting = null;
      waiting.resume();
    } else if (waiting.over) {
      this.#waiting = null;
    }
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
    const server = (of: Settings): string => [of.stun, of.turn, of.turnUser, of.turnPassword].join(' ');
    if (this.#line && server(before) !== server(this.#settings)) void this.checkNetwork();
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
    this.#reachability = UNKNOWN;
    const line = new Line(
      this.#store,
      this.#log,
      this.#settings,
      (session, video) => this.#incoming(session, video),
      (reachability) => this.#reached(reachability),
    );
    this.#line = line;
    line.start();
    if (this.#settings.speaker) void this.#loudspeaker.choose(this.#settings.speaker);
  }

  /** What the exchange said about the network; looks at it the first time. */
  #reached(reachability: Reachability): void {
    this.#reachability = reachability;
    if (this.#checked !== this.#askedNow()) void this.checkNetwork();
  }

  /** The servers to ask, without the credentials that change with every registration. */
  #askedNow(): string {
    const servers = iceServers(this.#settings, this.#reachability.servers);
    return JSON.stringify(servers.map(({ urls }) => urls));
  }

  /** Looks which addresses the browser finds, and shows it: before a call, not when it fails. */
  async checkNetwork(): Promise<NetworkReport | null> {
    this.#checked = this.#askedNow();
    const servers = iceServers(this.#settings, this.#reachability.servers);
    try {
      const report = await checkNetwork(servers);
      this.#store.dispatch({ type: 'network-checked', report });
      this.#log.add(`network: ${judge(report)} ${JSON.stringify(report)}`);
      return report;
    } catch (error) {
      // A browser without WebRTC, or a server it cannot read.
      this.#log.add(`the network could not be checked: ${String(error)}`);
      const words = error instanceof Error ? error.message : String(error);
      const none = { hosts: [], hidden: 0, reflexive: [], relayed: [], servers: servers.length };
      this.#store.dispatch({ type: 'network-checked', report: { ...none, errors: [words] } });
      return null;
    }
  }

  #refuseSignIn(text: string): void {
    const notice = { tone: 'error', title: 'Cannot sign in', text } as const;
    this.#store.dispatch({ type: 'notice', notice });
  }

  signOut(): void {
    this.#waiting?.hangUp();
    this.#waiting = null;
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
    await this.#dial(line, number, media, 'call-started');
  }

  async #dial(
    line: Line,
    number: string,
    media: Media,
    type: 'call-started' | 'consultation-started',
  ): Promise<void> {
    const control = this.#newControl();
    this.#store.dispatch({ type, call: newCall(control.id, 'out', number, '') });
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
    const control = new CallControl(
      id,
      this.#store,
      () => this.#settings,
      () => this.#reachability,
      this.#loudspeaker,
      this.#log,
    );
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

  /** The call that can be handed over: the one on the screen, while nothing else is under way. */
  get #transferable(): CallControl | null {
    const { call, waiting } = this.#store.state;
    const free = call?.phase === 'talking' && !call.transferring && waiting === null;
    return free ? this.#call : null;
  }

  /** Connects the other side with somebody else, without asking. */
  transfer(target: string): void {
    const [number, control] = [target.trim(), this.#transferable];
    if (number === '' || !control) return;
    const peer = this.#store.state.call?.name ?? '';
    this.#handOver(control, number, null, peer);
  }

  /** Puts the call on hold and calls somebody, who may then get it by `completeTransfer`. */
  async consult(target: string): Promise<void> {
    const [number, control, line] = [target.trim(), this.#transferable, this.#line];
    if (number === '' || !control || !line) return;
    control.setHeld(true);
    this.#waiting = control;
    await this.#dial(line, number, 'audio', 'consultation-started');
  }

  /** Connects the one on hold with the one who was asked. */
  completeTransfer(): void {
    const { call, waiting } = this.#store.state;
    const [control, consultation] = [this.#waiting, this.#call];
    if (!waiting || !control || !consultation || call?.phase !== 'talking') return;
    this.#handOver(control, call.number, consultation, waiting.name);
  }

  #handOver(
    control: CallControl,
    target: string,
    consultation: CallControl | null,
    peer: string,
  ): void {
    try {
      control.transfer(target, consultation, () => {
        this.#store.dispatch({ type: 'notice', notice: transferredWords(peer, target) });
        control.hangUp();
        consultation?.hangUp();
      });
    } catch {
      this.#store.dispatch({ type: 'notice', notice: targetWords(target) });
    }
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
