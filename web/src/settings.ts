// What the phone remembers between visits, and what the address bar hands over.
// Parsing is pure; only `load` and `save` touch the browser's storage.

import type { Recent } from './state.ts';

export interface Settings {
  /** Address of the WebSocket, for example `wss://pbx.example.org:8089/ws`. */
  readonly server: string;
  readonly account: string;
  /** Empty unless the person asked to have it remembered. */
  readonly password: string;
  readonly rememberAccount: boolean;
  readonly rememberPassword: boolean;
  /** A STUN server such as `stun:stun.example.org`; empty: the exchange's, if any. */
  readonly stun: string;
  /** A TURN server such as `turn:turn.example.org?transport=tcp`; empty: the exchange's, if any. */
  readonly turn: string;
  readonly turnUser: string;
  /** Stored with the password only. */
  readonly turnPassword: string;
  readonly microphone: string;
  readonly camera: string;
  readonly speaker: string;
  readonly startWithVideo: boolean;
}

/** A number worth trying, shown under the keypad: `#…&try=600:Echo`. */
export interface Hint {
  readonly number: string;
  readonly label: string;
}

/** What an address such as `/phone#account=alice&password=…&try=600:Echo` hands over. */
export interface Handover {
  readonly account: string | null;
  readonly password: string | null;
  readonly server: string | null;
  readonly stun: string | null;
  readonly hints: readonly Hint[];
}

const STORAGE_KEY = 'sidetone-phone';
const RECENTS_KEY = 'sidetone-phone-recents';

export const defaultSettings: Settings = {
  server: '',
  account: '',
  password: '',
  rememberAccount: true,
  rememberPassword: false,
  stun: '',
  turn: '',
  turnUser: '',
  turnPassword: '',
  microphone: '',
  camera: '',
  speaker: '',
  startWithVideo: false,
};

/** Reads the part of the address after `#`; null when it hands nothing over. */
export function parseHandover(fragment: string): Handover | null {
  const params = new URLSearchParams(fragment.replace(/^#/, ''));
  const known = ['account', 'password', 'server', 'stun', 'try'];
  if (!known.some((name) => params.has(name))) return null;
  const hints = (params.get('try') ?? '')
    .split(',')
    .map((entry) => {
      const colon = entry.indexOf(':');
      const dial = (colon < 0 ? entry : entry.slice(0, colon)).trim();
      return { number: dial, label: colon < 0 ? dial : entry.slice(colon + 1).trim() };
    })
    .filter((hint) => hint.number !== '');
  return {
    account: params.get('account'),
    password: params.get('password'),
    server: params.get('server'),
    stun: params.get('stun'),
    hints,
  };
}

/**
 * What a visit starts with. An account handed over is a guest on this computer: it is used with the
 * exchange that is handed over too, else with the one of the page, and none of it is remembered.
 */
export function startingSettings(
  stored: Settings,
  handover: Handover | null,
  ofPage: string,
): Settings {
  const guest = handover?.account != null;
  return {
    ...stored,
    server: handover?.server ?? (guest ? ofPage : stored.server || ofPage),
    stun: handover?.stun ?? stored.stun,
    account: handover?.account ?? stored.account,
    password: handover?.password ?? (guest ? '' : stored.password),
    rememberAccount: guest ? false : stored.rememberAccount,
  };
}

/** The WebSocket of the exchange that served the page, at the path that the page names. */
export function serverOfPage(location: { protocol: string; host: string }, path = '/ws'): string {
  if (location.protocol === 'https:') return `wss://${location.host}${path}`;
  if (location.protocol === 'http:') return `ws://${location.host}${path}`;
  return '';
}

/**
 * Completes what a person types as server: `pbx.example.org` becomes
 * `wss://pbx.example.org:8089/ws`. Throws with words when it cannot be an address.
 */
export function completeServer(typed: string): string {
  const text = typed.trim();
  if (text === '') throw new Error('Type the address of the exchange.');
  const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `wss://${text}`;
  const address = withScheme.replace(/^http/i, 'ws');
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new Error(`“${text}” is not an address.`);
  }
  if (url.protocol !== 'wss:' && url.protocol !== 'ws:') {
    throw new Error('The address must start with wss:// (or ws:// on this computer).');
  }
  const bare = !/^[a-z]+:\/\//i.test(text);
  const namesPort = /:\d+(\/|$)/.test(text); // URL drops :443, the default of its scheme
  if (bare && !namesPort) url.port = '8089';
  if (url.pathname === '/' || url.pathname === '') url.pathname = '/ws';
  return url.href;
}

/** The web address to open by hand when the WebSocket does not open. */
export function probeAddress(server: string): string {
  return server.replace(/^ws/, 'http');
}

/** The SIP domain of an account on `server`: the host name without the port. */
export function domainOf(server: string): string {
  return new URL(server).hostname;
}

/** Reads stored settings, ignoring fields of a wrong type. */
export function parseSettings(stored: string | null): Settings {
  const merged: Record<string, unknown> = { ...defaultSettings };
  try {
    const value: unknown = JSON.parse(stored ?? '{}');
    if (typeof value === 'object' && value !== null) {
      for (const [name, field] of Object.entries(value)) {
        if (name in merged && typeof field === typeof merged[name]) merged[name] = field;
      }
    }
  } catch {
    // Damaged storage counts as empty: the person types the account again.
  }
  return merged as unknown as Settings;
}

/** What may be written to the storage: no account and no password unless wanted. */
export function storable(settings: Settings): Settings {
  return {
    ...settings,
    account: settings.rememberAccount ? settings.account : '',
    password: settings.rememberAccount && settings.rememberPassword ? settings.password : '',
    turnPassword: settings.rememberPassword ? settings.turnPassword : '',
  };
}

/** Storage may be switched off in the browser; the phone works without. */
function storage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

export function load(): Settings {
  return parseSettings(storage()?.getItem(STORAGE_KEY) ?? null);
}

export function save(settings: Settings): void {
  try {
    storage()?.setItem(STORAGE_KEY, JSON.stringify(storable(settings)));
  } catch {
    // A full or forbidden storage costs convenience only.
  }
}

export function loadRecents(): readonly Recent[] {
  try {
    const value: unknown = JSON.parse(storage()?.getItem(RECENTS_KEY) ?? '[]');
    return Array.isArray(value) ? value.filter(isRecent) : [];
  } catch {
    return [];
  }
}

export function saveRecents(recents: readonly Recent[]): void {
  try {
    storage()?.setItem(RECENTS_KEY, JSON.stringify(recents));
  } catch {
    // As above.
  }
}

function isRecent(value: unknown): value is Recent {
  if (typeof value !== 'object' || value === null) return false;
  const recent = value as Record<string, unknown>;
  return (
    typeof recent['number'] === 'string' &&
    typeof recent['name'] === 'string' &&
    (recent['direction'] === 'in' || recent['direction'] === 'out') &&
    typeof recent['answered'] === 'boolean' &&
    typeof recent['at'] === 'number'
  );
}

/**
 * A stable name of this phone (RFC 5626 instance). It survives a reload, so that the exchange
 * replaces the old contact instead of adding one; each tab has its own, so that two tabs are two
 * phones.
 */
export function instanceId(): string {
  const key = 'sidetone-phone-instance';
  try {
    const known = window.sessionStorage.getItem(key);
    if (known) return known;
    const made = crypto.randomUUID();
    window.sessionStorage.setItem(key, made);
    return made;
  } catch {
    return crypto.randomUUID();
  }
}
