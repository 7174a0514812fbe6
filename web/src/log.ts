// A bounded log of what the phone did: SIP messages always, JsSIP's own chatter when switched on.
// It can be copied and sent to whoever runs the exchange; digests are blanked before they get in.

import type { Debug } from 'debug';

/** Entries kept: some ten calls with all their messages. */
const KEPT = 800;

/** Longest entry, in characters: an SDP with four videos has about 12,000. */
const ENTRY_LIMIT = 20_000;

export class Log {
  readonly #entries: string[] = [];
  #listener: (() => void) | null = null;
  #debug: Debug | null = null;
  #verbose = false;

  add(text: string): void {
    const stamp = new Date().toISOString().slice(11, 23);
    this.#entries.push(`${stamp} ${text.slice(0, ENTRY_LIMIT)}`);
    if (this.#entries.length > KEPT) this.#entries.shift();
    this.#listener?.();
  }

  /** Logs a SIP message that passed the socket. */
  message(way: 'in' | 'out', data: unknown): void {
    const text = typeof data === 'string' ? data : '(binary message)';
    if (text.trim() === '') return; // keep-alive of RFC 5626
    this.add(`${way === 'in' ? '◀ received' : '▶ sent'}\n${redact(text).trimEnd()}\n`);
  }

  text(): string {
    return this.#entries.join('\n');
  }

  onChange(listener: (() => void) | null): void {
    this.#listener = listener;
  }

  get verbose(): boolean {
    return this.#verbose;
  }

  /** Catches what JsSIP's `debug` package prints, once `setVerbose` has switched it on. */
  attach(debug: Debug): void {
    this.#debug = debug;
    const print = debug.formatArgs;
    const log = this;
    debug.formatArgs = function (args) {
      const line = fill(args);
      // SIP messages are in the log already, from the socket.
      if (!line.includes('SIP/2.0')) log.add(`${this.namespace} ${redact(line)}`);
      print.call(this, args);
    };
  }

  setVerbose(on: boolean): void {
    this.#verbose = on;
    if (on) this.#debug?.enable('JsSIP:*');
    else this.#debug?.disable();
  }
}

/**
 * Blanks digest responses, which would allow guessing the password offline, and what lets somebody
 * in at a TURN server.
 */
export function redact(text: string): string {
  return text
    .replace(/(\b(?:response|cnonce)=")[^"]*"/gi, '$1…"')
    .replace(/("credential":")[^"]*"/g, '$1…"');
}

/** Puts the arguments of a console call into its format string. */
export function fill(args: readonly unknown[]): string {
  const rest = args.slice(1);
  const text = String(args[0]).replace(/%[sdifjoOc]/g, (mark) => {
    const value = rest.shift();
    return mark === '%c' ? '' : String(value);
  });
  return [text, ...rest.map(String)].join(' ');
}
