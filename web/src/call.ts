// One call: joins a JsSIP session, the microphone, the camera and what arrives, and reports every
// change to the store. Decides nothing about the screen.

import type { IncomingEvent, OutgoingEvent, RTCSession } from 'jssip/lib/RTCSession';
import type { Reachability } from './ice.ts';
import { TRICKLE, iceServers } from './ice.ts';
import type { Log } from './log.ts';
import type { Loudspeaker } from './media.ts';
import { MediaProblem, gatherMore, openCamera, openMicrophone } from './media.ts';
import type { Reading, Stat } from './quality.ts';
import { compare, read } from './quality.ts';
import type { Settings } from './settings.ts';
import type { SessionOptions } from './sip.ts';
import type { CallChange } from './state.ts';
import type { Store } from './store.ts';
import * as words from './strings.ts';
import { Trickle } from './trickle.ts';

/** Whether a call starts with the camera. */
export type Media = 'audio' | 'audio and video';

/** How often quality is measured. */
const MEASURE_MS = 1000;

/** Length of a tone and the gap after it: within RFC 4733 and accepted by every browser. */
const TONE_MS = 100;
const TONE_GAP_MS = 70;

export class CallControl {
  readonly id: string;
  readonly #store: Store;
  readonly #settings: () => Settings;
  readonly #reachability: () => Reachability;
  readonly #loudspeaker: Loudspeaker;
  readonly #log: Log;
  readonly #local = new MediaStream();
  /** One stable MediaStream per arriving video track, so that tiles are not rebuilt. */
  readonly #videos = new Map<string, MediaStream>();
  #session: RTCSession | null = null;
  #trickle: Trickle | null = null;
  #videoSender: RTCRtpSender | null = null;
  #measuring: ReturnType<typeof setInterval> | undefined;
  #lastReading: Reading | null = null;
  /** With whom the other side is to be connected, once the exchange was asked to. */
  #handedTo: string | null = null;
  #over = false;

  constructor(
    id: string,
    store: Store,
    settings: () => Settings,
    reachability: () => Reachability,
    loudspeaker: Loudspeaker,
    log: Log,
  ) {
    this.id = id;
    this.#store = store;
    this.#settings = settings;
    this.#reachability = reachability;
    this.#loudspeaker = loudspeaker;
    this.#log = log;
  }

  get over(): boolean {
    return this.#over;
  }

  get session(): RTCSession | null {
    return this.#session;
  }

  /** Whether this is the call on the screen, and so the one that is heard. */
  get #isCurrent(): boolean {
    return this.#store.state.call?.id === this.id;
  }

  /** The options JsSIP needs to start or answer a call with the tracks opened so far. */
  get sessionOptions(): SessionOptions {
    return {
      mediaStream: this.#local,
      pcConfig: {
        iceServers: this.#servers(),
        bundlePolicy: 'max-bundle',
        rtcpMuxPolicy: 'require',
      },
      // What the exchange finds late is welcome too.
      extraHeaders: [`Recv-Info: ${TRICKLE}`],
    };
  }

  #servers(): RTCIceServer[] {
    return iceServers(this.#settings(), this.#reachability().servers);
  }

  /**
   * Opens microphone and, if wanted, camera. False when the call cannot go on; the reason is then
   * on the screen. A camera that fails costs the picture, not the call.
   */
  async openMedia(media: Media): Promise<boolean> {
    const { microphone, camera } = this.#settings();
    try {
      this.#addLocal(await openMicrophone(microphone));
    } catch (error) {
      this.#store.dispatch({ type: 'notice', notice: problemWords(error) });
      return false;
    }
    if (media === 'audio and video') {
      try {
        this.#addLocal(await openCamera(camera));
      } catch (error) {
        const fault = error instanceof MediaProblem ? error.fault : 'other';
        this.#store.dispatch({ type: 'notice', notice: words.cameraSkippedWords(fault) });
      }
    }
    if (this.#over) this.#stopLocal();
    return !this.#over;
  }

  #addLocal(track: MediaStreamTrack): void {
    for (const old of this.#local.getTracks()) {
      if (old.kind !== track.kind) continue;
      old.stop();
      this.#local.removeTrack(old);
    }
    this.#local.addTrack(track);
    this.#showLocal();
  }

  #showLocal(): void {
    const track = this.#local.getVideoTracks()[0];
    this.#change({ localVideo: track ? new MediaStream([track]) : null });
  }

  /** Follows `session` from now on. Must run before its peer connection is made. */
  follow(session: RTCSession): void {
    this.#session = session;
    this.#trickle = new Trickle(session, this.#log, () => this.#reachability().trickles);
    session.on('peerconnection', ({ peerconnection }) => this.#watchConnection(peerconnection));
    if (session.connection) this.#watchConnection(session.connection);
    this.#limitGathering(session);
    session.on('sending', () => this.#change({ phase: 'calling' }));
    session.on('progress', (event: IncomingEvent | OutgoingEvent) => {
      if (event.originator === 'remote') this.#change({ phase: 'ringing' });
    });
    session.on('accepted', () => this.#answered());
    session.on('confirmed', () => this.#answered());
    session.on('hold', ({ originator }) => this.#change(held(originator, true)));
    session.on('unhold', ({ originator }) => this.#change(held(originator, false)));
    session.on('muted', ({ audio }) => audio && this.#change({ muted: true }));
    session.on('unmuted', ({ audio }) => audio && this.#change({ muted: false }));
    session.on('ended', (event) => this.#ended(event));
    session.on('failed', (event) => this.#ended(event));
  }

  /** RFC 8445 lets gathering take seconds; a call starts with the first address that is enough. */
  #limitGathering(session: RTCSession): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let limit = Infinity;
    session.on('icecandidate', ({ candidate, ready }) => {
      const hasServers = this.#servers().length > 0;
      const more = gatherMore(candidate.type ?? 'host', hasServers, this.#reachability().trickles);
      const deadline = Date.now() + more;
      if (deadline >= limit) return;
      limit = deadline;
      clearTimeout(timer);
      timer = setTimeout(ready, deadline - Date.now());
    });
    session.on('sdp', ({ originator }) => {
      if (originator !== 'local') return;
      clearTimeout(timer);
      limit = Infinity;
    });
  }

  #watchConnection(connection: RTCPeerConnection): void {
    this.#trickle?.watch(connection);
    connection.addEventListener('track', () => this.#collectRemote(connection));
    connection.addEventListener('signalingstatechange', () => this.#collectRemote(connection));
    connection.addEventListener('connectionstatechange', () => {
      if (this.#over) return;
      if (connection.connectionState === 'disconnected') {
        this.#store.dispatch({ type: 'notice', notice: words.mediaPathWords() });
      } else if (connection.connectionState === 'connected') {
        this.#store.dispatch({ type: 'media-path-works' });
      }
    });
  }

  /** Derives from the negotiated directions what arrives; the same after every renegotiation. */
  #collectRemote(connection: RTCPeerConnection): void {
    if (this.#over || connection.signalingState !== 'stable') return;
    const arriving = connection
      .getTransceivers()
      .filter(({ currentDirection: way }) => way === 'sendrecv' || way === 'recvonly')
      .map(({ receiver }) => receiver.track)
      .filter((track) => track.readyState === 'live');
    const videos = arriving
      .filter((track) => track.kind === 'video')
      .map((track) => {
        const stream = this.#videos.get(track.id) ?? new MediaStream([track]);
        this.#videos.set(track.id, stream);
        return stream;
      });
    const audios = arriving.filter((track) => track.kind === 'audio');
    this.#change({ remoteVideos: videos, earlyMedia: audios.length > 0 });
    if (!this.#isCurrent) return;
    void this.#loudspeaker.play(audios).then((allowed) => {
      if (!allowed) this.#store.dispatch({ type: 'notice', notice: words.autoplayWords() });
    });
  }

  /** Lets the other side be heard again after a consultation. */
  resume(): void {
    const connection = this.#session?.connection;
    if (connection) this.#collectRemote(connection);
    this.setHeld(false);
  }

  #answered(): void {
    const call = this.#store.state.call;
    if (call?.id !== this.id || call.answeredAt !== null) return;
    this.#change({ phase: 'talking', answeredAt: Date.now() });
    this.#measuring = setInterval(() => void this.#measure(), MEASURE_MS);
  }

  async #measure(): Promise<void> {
    const reading = read((await this.stats()) as Stat[], performance.now());
    const before = this.#lastReading;
    this.#lastReading = reading;
    if (before) this.#change({ quality: compare(before, reading) });
  }

  /** Everything the browser counts about this call, as plain objects. */
  async stats(): Promise<object[]> {
    const report = await this.#session?.connection?.getStats();
    const stats: object[] = [];
    report?.forEach((stat: object) => stats.push({ ...stat }));
    return stats;
  }

  setMuted(on: boolean): void {
    if (on) this.#session?.mute({ audio: true });
    else this.#session?.unmute({ audio: true });
  }

  setHeld(on: boolean): void {
    const session = this.#session;
    if (!session || session.isOnHold().local === on) return;
    const begun = on ? session.hold() : session.unhold();
    if (!begun) this.#store.dispatch({ type: 'notice', notice: words.notReadyWords() });
  }

  /**
   * The line is back after it was lost: tells the exchange by which connection this call is reached
   * now, and looks for a path for the media anew, since the network may be another one.
   */
  reconnect(): void {
    this.#session?.renegotiate({ rtcOfferConstraints: { iceRestart: true } });
  }

  /** Sends tones as RFC 4733 events, or as SIP INFO where the other side takes no events. */
  sendTones(tones: string): void {
    const session = this.#session;
    if (!session || !/^[0-9A-D#*,]+$/i.test(tones)) return;
    const sender = session.connection
      ?.getSenders()
      .find(({ track, dtmf }) => track?.kind === 'audio' && dtmf?.canInsertDTMF);
    if (sender?.dtmf) {
      sender.dtmf.insertDTMF(sender.dtmf.toneBuffer + tones, TONE_MS, TONE_GAP_MS);
    } else {
      session.sendDTMF(tones, { duration: TONE_MS, interToneGap: TONE_GAP_MS });
    }
  }

  /** Switches the camera. The first time this adds a video to the call by a new offer. */
  async setCamera(on: boolean): Promise<void> {
    const session = this.#session;
    const connection = session?.connection;
    if (!session || !connection) return;
    this.#videoSender ??=
      connection.getSenders().find(({ track }) => track?.kind === 'video') ?? null;
    if (!on) {
      for (const track of this.#local.getVideoTracks()) {
        track.stop();
        this.#local.removeTrack(track);
      }
      await this.#videoSender?.replaceTrack(null);
      this.#showLocal();
      return;
    }
    try {
      const track = await openCamera(this.#settings().camera);
      if (this.#over) return track.stop();
      this.#addLocal(track);
      if (this.#videoSender) {
        await this.#videoSender.replaceTrack(track);
        return;
      }
      this.#videoSender = connection.addTrack(track, this.#local);
      if (!session.renegotiate()) {
        this.#store.dispatch({ type: 'notice', notice: words.notReadyWords() });
      }
    } catch (error) {
      this.#store.dispatch({ type: 'notice', notice: problemWords(error, 'camera') });
    }
  }

  /** Takes the microphone or camera that the settings name now. */
  async replaceDevice(kind: 'audio' | 'video'): Promise<void> {
    const connection = this.#session?.connection;
    if (!connection || !this.#local.getTracks().some((track) => track.kind === kind)) return;
    try {
      const { microphone, camera } = this.#settings();
      const track = await (kind === 'audio' ? openMicrophone(microphone) : openCamera(camera));
      const old = this.#local.getTracks().find((candidate) => candidate.kind === kind);
      track.enabled = old?.enabled ?? true; // keeps a mute or a hold
      await connection.getSenders().find((sender) => sender.track === old)?.replaceTrack(track);
      this.#addLocal(track);
    } catch (error) {
      const device = kind === 'audio' ? 'microphone' : 'camera';
      this.#store.dispatch({ type: 'notice', notice: problemWords(error, device) });
    }
  }

  /**
   * Asks the exchange to connect the other side with `target` (RFC 3515): at once, or with whom
   * `consultation` talks. `done` runs when it is so; until then the call goes on here.
   */
  transfer(target: string, consultation: CallControl | null, done: () => void): void {
    const session = this.#session;
    if (!session || this.#over) return;
    const failed = (event?: { status_line?: { status_code?: number } }): void => {
      this.#handedTo = null;
      this.#change({ transferring: false });
      const status = event?.status_line?.status_code ?? 0;
      this.#store.dispatch({ type: 'notice', notice: words.transferFailedWords(status, target) });
    };
    this.#handedTo = target;
    this.#change({ transferring: true });
    session.refer(target, {
      ...(consultation?.session ? { replaces: consultation.session } : {}),
      eventHandlers: {
        requestFailed: (event: { response?: { status_code?: number } | null }) =>
          failed({ status_line: event.response ?? {} }),
        failed,
        accepted: done,
      },
    } as Parameters<RTCSession['refer']>[1]);
  }

  /** Hangs up, cancels or declines, whichever fits. */
  hangUp(): void {
    if (this.#session && !this.#session.isEnded()) {
      const declined = this.#session.direction === 'incoming' && !this.#session.isEstablished();
      this.#session.terminate(declined ? { status_code: 486 } : {});
      return;
    }
    this.#ended({ originator: 'local', message: null, cause: 'Canceled' });
  }

  /** The call failed before there was a session: shows why. */
  fail(notice: words.Notice): void {
    this.#finish();
    this.#store.dispatch({ type: 'call-failed', id: this.id, notice });
  }

  #ended(event: { originator: string; message: unknown; cause: string }): void {
    if (this.#over) return;
    const answered = this.#store.state.call?.answeredAt != null;
    // Without asking first, the exchange releases this side as soon as it rings there.
    if (this.#handedTo !== null && event.originator === 'remote') {
      const peer = this.#store.state.call?.name ?? '';
      this.#store.dispatch({ type: 'notice', notice: words.handedOverWords(peer, this.#handedTo) });
    }
    this.#finish();
    const end = endOf(event, answered);
    this.#store.dispatch({ type: 'call-ended', id: this.id, end, at: Date.now() });
  }

  #finish(): void {
    const heard = this.#isCurrent;
    this.#over = true;
    clearInterval(this.#measuring);
    this.#stopLocal();
    this.#videos.clear();
    if (heard) void this.#loudspeaker.play([]);
  }

  #stopLocal(): void {
    for (const track of this.#local.getTracks()) track.stop();
  }

  #change(change: CallChange): void {
    if (!this.#over) this.#store.dispatch({ type: 'call-changed', id: this.id, change });
  }
}

function held(originator: string, on: boolean): CallChange {
  return originator === 'local' ? { heldHere: on } : { heldThere: on };
}

function problemWords(error: unknown, device: 'microphone' | 'camera' = 'microphone'): words.Notice {
  if (error instanceof MediaProblem) {
    return words.mediaWords(error.fault, error.device, error.message);
  }
  return words.mediaWords('other', device, error instanceof Error ? error.message : '');
}

/** The parts of JsSIP's `ended` and `failed` events that the words need. */
function endOf(
  event: { originator: string; message: unknown; cause: string },
  answered: boolean,
): words.CallEnd {
  const message = event.message as {
    status_code?: number;
    reason_phrase?: string;
    getHeader?: (name: string) => string | undefined;
  } | null;
  const by = event.originator;
  return {
    by: by === 'local' || by === 'remote' ? by : 'system',
    status: message?.status_code ?? 0,
    reason: message?.reason_phrase ?? message?.getHeader?.('Reason') ?? '',
    cause: event.cause,
    answered,
  };
}
