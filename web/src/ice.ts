// STUN and TURN servers, candidates that travel later than their description (trickle ICE,
// RFC 8838 and RFC 8840), and what the candidates of this browser say about its network.
// Pure: no DOM, no network.

import type { Settings } from './settings.ts';

/** The header by which the phone asks for servers and the exchange names them. */
export const SERVERS_HEADER = 'Sidetone-Ice-Servers';

/** The info package, option tag and content type of trickle ICE (RFC 8840 §10). */
export const TRICKLE = 'trickle-ice';
export const FRAGMENT_TYPE = 'application/trickle-ice-sdpfrag';

/** Servers taken from the exchange, and addresses of one: browsers slow down beyond a few. */
const MAX_SERVERS = 5;

/** What the exchange said about the network when the phone registered. */
export interface Reachability {
  readonly servers: readonly RTCIceServer[];
  /** Whether the exchange takes candidates that come later. */
  readonly trickles: boolean;
}

export const UNKNOWN: Reachability = { servers: [], trickles: false };

/** Completes what a person types: `stun.example.org` becomes `stun:stun.example.org`. */
export function completeUri(typed: string, scheme: 'stun' | 'turn'): string {
  const text = typed.trim();
  return text === '' || new RegExp(`^${scheme}s?:`, 'i').test(text) ? text : `${scheme}:${text}`;
}

/** The servers to ask: those of the settings, else those of the exchange. */
export function iceServers(settings: Settings, given: readonly RTCIceServer[]): RTCIceServer[] {
  const own: RTCIceServer[] = [];
  const stun = completeUri(settings.stun, 'stun');
  if (stun) own.push({ urls: stun });
  const turn = completeUri(settings.turn, 'turn');
  if (turn) own.push({ urls: turn, username: settings.turnUser, credential: settings.turnPassword });
  return own.length > 0 ? own : [...given];
}

/** Reads the servers that the exchange names; what is no server is passed over. */
export function parseServers(header: string | undefined): readonly RTCIceServer[] {
  try {
    const list: unknown = JSON.parse(header ?? '[]');
    return Array.isArray(list) ? list.flatMap(readServer).slice(0, MAX_SERVERS) : [];
  } catch {
    return [];
  }
}

function readServer(value: unknown): RTCIceServer[] {
  if (typeof value !== 'object' || value === null) return [];
  const { urls, username, credential } = value as Record<string, unknown>;
  const known = (Array.isArray(urls) ? urls : [urls]).filter(
    (url): url is string => typeof url === 'string' && /^(stun|turn)s?:[^\s]+$/i.test(url),
  );
  const relays = known.some((url) => /^turn/i.test(url));
  const complete = typeof username === 'string' && typeof credential === 'string';
  // A browser refuses a whole configuration for one TURN server without credentials.
  if (known.length === 0 || (relays && !complete)) return [];
  const urlsKept = known.slice(0, MAX_SERVERS);
  return [complete ? { urls: urlsKept, username, credential } : { urls: urlsKept }];
}

/** Candidates of one medium. */
export interface Fragment {
  readonly ufrag: string;
  readonly pwd: string;
  readonly mid: string;
  /** Values of `a=candidate`, with `candidate:` in front as browsers write them. */
  readonly candidates: readonly string[];
  /** Whether no more will come. */
  readonly complete: boolean;
}

/** The body of an INFO with candidates (RFC 8840 §9). */
export function writeFragment({ ufrag, pwd, mid, candidates, complete }: Fragment): string {
  const lines = [
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    'm=audio 9 RTP/AVP 0',
    `a=mid:${mid}`,
    ...candidates.map((candidate) => `a=${candidate}`),
    ...(complete ? ['a=end-of-candidates'] : []),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** Reads such a body: the candidates of each medium. */
export function parseFragment(body: string): readonly Fragment[] {
  const common = { ufrag: '', pwd: '', mid: '', candidates: [] as string[], complete: false };
  const sections: (typeof common)[] = [];
  for (const line of body.split(/\r?\n/)) {
    const section = sections.at(-1) ?? common;
    const [name, value] = split(line);
    if (line.startsWith('m=')) {
      sections.push({ ...common, mid: String(sections.length), candidates: [] });
    } else if (name === 'mid') section.mid = value;
    else if (name === 'ice-ufrag') section.ufrag = value;
    else if (name === 'ice-pwd') section.pwd = value;
    else if (name === 'candidate') section.candidates.push(`candidate:${value}`);
    else if (name === 'end-of-candidates') section.complete = true;
  }
  return sections.length > 0 ? sections : [common];
}

function split(line: string): readonly [string, string] {
  const [, name = '', value = ''] = /^a=([^:]+):?(.*)$/.exec(line.trim()) ?? [];
  return [name, value];
}

/** Our half of ICE in a description: that of the first medium, which carries all the others. */
export function localHalf(sdp: string): { ufrag: string; pwd: string; mid: string } {
  const value = (name: string): string => new RegExp(`^a=${name}:(.*)$`, 'm').exec(sdp)?.[1]?.trim() ?? '';
  return { ufrag: value('ice-ufrag'), pwd: value('ice-pwd'), mid: value('mid') };
}

/**
 * Of these candidates those that a description does not hold, as far as they are of its round.
 * Browsers write the same candidate in two ways, which differ in the attributes at the end.
 */
export function untold(candidates: readonly string[], sdp: string): string[] {
  const { ufrag } = localHalf(sdp);
  const known = (text: string): boolean =>
    sdp.split(/\r?\n/).some((line) => line === `a=${text}` || line.startsWith(`a=${text} `));
  return candidates
    .filter((candidate) => (/ ufrag (\S+)/.exec(candidate)?.[1] ?? ufrag) === ufrag)
    .map((candidate) => candidate.split(/ (?:generation|ufrag|network-id|network-cost) /)[0] ?? '')
    .filter((text) => !known(text));
}

/** What kinds of addresses this browser found, before any call. */
export interface NetworkReport {
  /** Addresses of its own that others may see. */
  readonly hosts: readonly string[];
  /** Addresses it hides behind names of mDNS. */
  readonly hidden: number;
  /** Addresses under which a STUN server sees it. */
  readonly reflexive: readonly string[];
  /** Addresses on a TURN server. */
  readonly relayed: readonly string[];
  /** How many servers were asked. */
  readonly servers: number;
  /** What servers said instead, such as `turn:… 401 Unauthorized`. */
  readonly errors: readonly string[];
}

/** A candidate, as far as the report wants to know. */
export interface FoundCandidate {
  readonly type: string | null;
  readonly address: string | null;
}

/** Sums up candidates. */
export function report(
  found: readonly FoundCandidate[],
  servers: number,
  errors: readonly string[],
): NetworkReport {
  const of = (...types: string[]): string[] => {
    const fitting = found.filter(({ type }) => types.includes(type ?? ''));
    return [...new Set(fitting.map(({ address }) => address ?? ''))];
  };
  const isName = (address: string): boolean => address === '' || address.endsWith('.local');
  const hosts = of('host');
  return {
    hosts: hosts.filter((address) => !isName(address)),
    hidden: hosts.filter(isName).length,
    reflexive: of('srflx', 'prflx'),
    relayed: of('relay'),
    servers,
    errors: [...new Set(errors)],
  };
}

/** Whether an address can be reached from anywhere (RFC 1918, 3927, 4193, 6598 and such cannot). */
export function isPublic(address: string): boolean {
  // Chromium writes IPv6 addresses in brackets.
  if (address.includes(':')) return !/^\[?(::1?\]?$|f[cd]|fe[89ab])/i.test(address);
  return !/^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./.test(
    address,
  );
}

/** What a report comes to. */
export type Verdict = 'relay' | 'reflexive' | 'public' | 'no servers' | 'only local' | 'nothing';

export function judge(report: NetworkReport): Verdict {
  if (report.relayed.length > 0) return 'relay';
  if (report.reflexive.length > 0) return 'reflexive';
  if (report.hosts.some(isPublic)) return 'public';
  if (report.hosts.length + report.hidden === 0) return 'nothing';
  return report.servers === 0 ? 'no servers' : 'only local';
}
