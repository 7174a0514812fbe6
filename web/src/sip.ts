// The line to the exchange: WebSocket, registration, reconnection. Wraps JsSIP's user agent and
// reports to the store. Calls are call.ts.

import JsSIP from 'jssip';
import type { RTCSession } from 'jssip/lib/RTCSession';
import type { RTCSessionEvent, UA } from 'jssip/lib/UA';
import type { Reachability } from './ice.ts';
import { SERVERS_HEADER, TRICKLE, parseServers } from './ice.ts';
import type { Log } from './log.ts';
import { offersVideo } from './media.ts';
import type { Settings } from './settings.ts';
import { domainOf, instanceId, probeAddress } from './settings.ts';
import { LoggedSocket } from './socket.ts';
import type { Store } from './store.ts';
import type { Notice, Reach } from './strings.ts';
import { closedWords, connectWords, offlineWords, registrationWords } from './strings.ts';

declare const PHONE_VERSION: string;

/** Refusals that trying again cannot mend: the person has to correct account or password. */
const FINAL_STATUSES: readonly number[] = [401, 403, 404, 407];

/** Bounds of the wait between connection attempts, in seconds; JsSIP doubles in between. */
const RECONNECT_MIN_S = 1;
const RECONNECT_MAX_S = 15;

/** Bounds of the wait before registering again after a temporary refusal, in milliseconds. */
const RETRY_MIN_MS = 3_000;
const RETRY_MAX_MS = 60_000;

/** Longest wait for the probe that tells an unreachable exchange from a refused WebSocket. */
const PROBE_LIMIT_MS = 4_000;

/** What JsSIP needs to start or answer a call. */
export interface SessionOptions {
  readonly mediaStream: MediaStream;
  readonly pcConfig: RTCConfiguration;
  readonly extraHeaders: string[];
}

/** JsSIP's transport, as far as its declarations leave it out. */
interface Reconnectable {
  readonly transport: { connect(): void } | null;
}

export class Line {
  readonly #store: Store;
  readonly #log: Log;
  readonly #settings: Settings;
  readonly #onSession: (session: RTCSession, video: boolean) => void;
  readonly #onReachability: (reachability: Reachability) => void;
  readonly #ua: UA;
  #attempts = 0;
  #refusals = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  #wasRegistered = false;

  constructor(
    store: Store,
    log: Log,
    settings: Settings,
    onSession: (session: RTCSession, video: boolean) => void,
    onReachability: (reachability: Reachability) => void,
  ) {
    this.#store = store;
    this.#log = log;
    this.#settings = settings;
    this.#onSession = onSession;
    this.#onReachability = onReachability;
    const socket = new LoggedSocket(settings.server, log, {
      opened: () => this.#opened(),
      closed: (code, reason, everOpen) => void this.#closed(code, reason, everOpen),
    });
    this.#ua = new JsSIP.UA({
      sockets: socket,
      uri: `sip:${encodeURIComponent(settings.account)}@${domainOf(settings.server)}`,
      authorization_user: settings.account,
      password: settings.password,
      instance_id: instanceId(),
      register_expires: 300,
      connection_recovery_min_interval: RECONNECT_MIN_S,
      connection_recovery_max_interval: RECONNECT_MAX_S,
      user_agent: `Sidetone web phone ${PHONE_VERSION}`,
    });
    this.#listen();
  }

  #listen(): void {
    this.#ua.registrator().setExtraHeaders([`${SERVERS_HEADER}: wanted`]);
    this.#ua.on('registered', ({ response }) => {
      this.#onReachability({
        servers: parseServers(response.getHeader(SERVERS_HEADER)),
        trickles: (response.getHeader('Supported') ?? '').includes(TRICKLE),
      });
      this.#refusals = 0;
      this.#wasRegistered = true;
      this.#store.dispatch({ type: 'registered' });
    });
    this.#ua.on('unregistered', () => {
      if (!this.#stopped) this.#store.dispatch({ type: 'registration-lost' });
    });
    this.#ua.on('registrationFailed', ({ response }) => this.#refused(response));
    this.#ua.on('newRTCSession', (event: RTCSessionEvent) => {
      if (event.originator !== 'remote') return;
      this.#onSession(event.session, offersVideo(String(event.request.body ?? '')));
    });
  }

  start(): void {
    this.#ua.start();
  }

  /** Ends calls, takes the registration back, closes the socket. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#ua.stop();
  }

  /** Starts a call; throws TypeError when `target` is no address. */
  call(
    target: string,
    options: SessionOptions,
    watch: (session: RTCSession) => void,
  ): void {
    // JsSIP hands the session over before it opens the connection only through this event.
    const onSession = ({ session }: { session: RTCSession }): void => watch(session);
    this.#ua.once('newRTCSession', onSession);
    try {
      this.#ua.call(target, options);
    } finally {
      this.#ua.off('newRTCSession', onSession);
    }
  }

  /** The network came back or the page woke up: looks at once whether the line still works. */
  check(): void {
    if (this.#stopped) return;
    if (this.#ua.isConnected()) this.#ua.register();
    else (this.#ua as unknown as Reconnectable).transport?.connect();
  }

  #opened(): void {
    this.#attempts = 0;
    if (!this.#stopped) this.#store.dispatch({ type: 'connected' });
  }

  async #closed(code: number, reason: string, everOpen: boolean): Promise<void> {
    if (this.#stopped) return;
    this.#attempts += 1;
    const attempt = this.#attempts;
    const lost = (notice: Notice | null): void =>
      this.#store.dispatch({ type: 'disconnected', attempt, notice });
    if (!navigator.onLine) return lost(offlineWords());
    if (everOpen) return lost(attempt === 1 ? closedWords(code, reason) : null);
    lost(null);
    const reach = await this.#probe();
    if (this.#stopped || this.#attempts !== attempt) return;
    const secure = this.#settings.server.startsWith('wss:');
    lost(connectWords(reach, secure, probeAddress(this.#settings.server)));
  }

  /** Asks the exchange over plain HTTP(S): an answer of any kind proves address and certificate. */
  async #probe(): Promise<Reach> {
    if (!navigator.onLine) return 'offline';
    try {
      await fetch(new URL('/httpstatus', probeAddress(this.#settings.server)), {
        mode: 'no-cors',
        cache: 'no-store',
        signal: AbortSignal.timeout(PROBE_LIMIT_MS),
      });
      return 'reachable';
    } catch {
      return 'unreachable';
    }
  }

  #refused(response: { status_code?: number; reason_phrase?: string } | null): void {
    if (this.#stopped) return;
    const status = response?.status_code ?? 0;
    const notice = registrationWords(status, response?.reason_phrase ?? '', this.#settings.account);
    this.#log.add(`registration refused: ${status} ${response?.reason_phrase ?? ''}`);
    // A line that worked and has a call on it is not given up for one refusal.
    const keep = this.#wasRegistered && this.#store.state.call !== null;
    if (FINAL_STATUSES.includes(status) && !keep) {
      this.stop();
      this.#store.dispatch({ type: 'sign-out', notice });
      return;
    }
    if (!this.#ua.isConnected()) return; // The reconnection registers by itself.
    this.#store.dispatch({ type: 'registration-lost' });
    this.#store.dispatch({ type: 'notice', notice });
    const wait = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#refusals);
    this.#refusals += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#ua.isConnected() && this.#ua.register(), wait);
  }
}
