// The WebSocket towards the exchange (RFC 7118), in the shape JsSIP asks for. Written here rather
// than taken from JsSIP because the phone needs the close code, a log of every message, and to know
// whether the socket has ever been open: that tells a refused certificate from a lost network.

import type { Socket } from 'jssip';
import type { Log } from './log.ts';

/** Told about what the socket goes through; JsSIP has its own three handlers below. */
export interface SocketWatcher {
  opened(): void;
  /** `everOpen`: whether this socket has been open before, in this or an earlier attempt. */
  closed(code: number, reason: string, everOpen: boolean): void;
}

export class LoggedSocket implements Socket {
  readonly url: string;
  readonly sip_uri: string;
  via_transport: string;
  onconnect: () => void = () => undefined;
  ondisconnect: (error: boolean, code?: number, reason?: string) => void = () => undefined;
  ondata: <T>(data: T) => void = () => undefined;
  #web: WebSocket | null = null;
  #everOpen = false;
  readonly #log: Log;
  readonly #watcher: SocketWatcher;

  constructor(url: string, log: Log, watcher: SocketWatcher) {
    const { host, protocol } = new URL(url);
    this.url = url;
    this.sip_uri = `sip:${host};transport=ws`;
    this.via_transport = protocol === 'wss:' ? 'WSS' : 'WS';
    this.#log = log;
    this.#watcher = watcher;
  }

  connect(): void {
    if (this.isConnected() || this.isConnecting()) return;
    this.#log.add(`connecting to ${this.url}`);
    const web = new WebSocket(this.url, 'sip');
    this.#web = web;
    web.binaryType = 'arraybuffer';
    web.onopen = () => {
      this.#everOpen = true;
      this.#log.add('WebSocket open');
      this.#watcher.opened();
      this.onconnect();
    };
    web.onclose = ({ code, reason, wasClean }) => {
      this.#web = null;
      this.#log.add(`WebSocket closed, code ${code} ${reason}`);
      this.#watcher.closed(code, reason, this.#everOpen);
      this.ondisconnect(!wasClean, code, reason);
    };
    web.onmessage = ({ data }) => {
      this.#log.message('in', data);
      this.ondata(data);
    };
  }

  disconnect(): void {
    const web = this.#web;
    if (!web) return;
    this.#web = null;
    web.onopen = web.onclose = web.onmessage = null;
    web.close(1000);
  }

  send(message: string | ArrayBufferLike | Blob | ArrayBufferView): boolean {
    if (!this.#web || !this.isConnected()) return false;
    this.#log.message('out', message);
    this.#web.send(message as string);
    return true;
  }

  isConnected(): boolean {
    return this.#web?.readyState === WebSocket.OPEN;
  }

  isConnecting(): boolean {
    return this.#web?.readyState === WebSocket.CONNECTING;
  }
}
