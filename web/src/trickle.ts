// Trickle ICE of one call (RFC 8838 over SIP INFO, RFC 8840): the description leaves as soon as the
// first addresses are known, what is found later follows, and what the exchange finds later is
// taken.

import type { IncomingInfoEvent, OutgoingInfoEvent, RTCSession } from 'jssip/lib/RTCSession';
import { FRAGMENT_TYPE, TRICKLE, localHalf, parseFragment, untold, writeFragment } from './ice.ts';
import type { Log } from './log.ts';

/** Candidates of one moment travel together. */
const TOGETHER_MS = 20;

export class Trickle {
  readonly #session: RTCSession;
  readonly #log: Log;
  readonly #wanted: () => boolean;
  #connection: RTCPeerConnection | null = null;
  /** Our description as it left; candidates that stand in it need no telling. */
  #told = '';
  #waiting: string[] = [];
  #complete = false;
  #completeTold = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `wanted` says whether the exchange takes candidates that come later. */
  constructor(session: RTCSession, log: Log, wanted: () => boolean) {
    this.#session = session;
    this.#log = log;
    this.#wanted = wanted;
    session.on('sdp', ({ originator, sdp }) => {
      if (originator === 'local') this.#describes(sdp);
    });
    session.on('confirmed', () => this.#later());
    session.on('newInfo', (event: IncomingInfoEvent | OutgoingInfoEvent) => {
      if (event.originator === 'remote') this.#take(event.info.contentType, event.info.body);
    });
  }

  watch(connection: RTCPeerConnection): void {
    if (this.#connection === connection) return;
    this.#connection = connection;
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate === null) this.#complete = true;
      else if (candidate.candidate) this.#waiting.push(candidate.candidate);
      this.#later();
    });
  }

  /** A description leaves. A new one begins a new round when it has new credentials. */
  #describes(sdp: string): void {
    if (localHalf(sdp).ufrag !== localHalf(this.#told).ufrag) this.#completeTold = false;
    this.#told = sdp;
    this.#complete = this.#connection?.iceGatheringState === 'complete';
    this.#completeTold = this.#complete;
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), TOGETHER_MS);
  }

  #tell(): void {
    // Before the exchange has answered it may not know the call (RFC 8840 §4.2).
    if (this.#told === '' || !this.#wanted() || !this.#session.isEstablished()) return;
    const half = localHalf(this.#told);
    const candidates = untold(this.#waiting, this.#told);
    const complete = this.#complete && !this.#completeTold;
    this.#waiting = [];
    if (candidates.length === 0 && !complete) return;
    this.#completeTold ||= complete;
    try {
      this.#session.sendInfo(FRAGMENT_TYPE, writeFragment({ ...half, candidates, complete }), {
        extraHeaders: [`Info-Package: ${TRICKLE}`, 'Content-Disposition: Info-Package'],
      });
    } catch (error) {
      this.#log.add(`candidates could not be sent: ${String(error)}`);
    }
  }

  #take(contentType: string | undefined, body: string): void {
    const connection = this.#connection;
    if (contentType !== FRAGMENT_TYPE || !connection) return;
    for (const { mid, ufrag, candidates } of parseFragment(body)) {
      for (const candidate of candidates) {
        connection
          .addIceCandidate({ candidate, sdpMid: mid, usernameFragment: ufrag || null })
          .catch((error: unknown) => this.#log.add(`a candidate was not taken: ${String(error)}`));
      }
    }
  }
}
