// Turns two readings of RTCPeerConnection.getStats() into figures and words a person understands.
// Pure: takes plain stat objects, so that it is tested without a browser.

/** Counters of one direction of one kind of media, as read at one moment. */
export interface Counters {
  readonly bytes: number;
  readonly packets: number;
  readonly lost: number;
  /** Seconds, as the receiver measured it; null when it has not reported yet. */
  readonly jitter: number | null;
  readonly codec: string;
  /** Video only: frames decoded or sent so far. */
  readonly frames: number;
  readonly width: number;
  readonly height: number;
}

/** What one reading of getStats says. */
export interface Reading {
  /** Milliseconds, any origin. */
  readonly at: number;
  /** Seconds; null when unknown. */
  readonly rtt: number | null;
  readonly audioIn: Counters | null;
  readonly audioOut: Counters | null;
  /** One per arriving video. */
  readonly videoIn: readonly Counters[];
  readonly videoOut: Counters | null;
}

/** One direction of the call over the last interval. */
export interface Direction {
  /** 0 (nothing usable) … 4 (excellent). */
  readonly bars: number;
  readonly words: string;
  readonly jitterMs: number | null;
  /** Percent of packets lost. */
  readonly loss: number | null;
  readonly kbps: number;
  readonly codec: string;
}

export interface VideoDirection {
  readonly kbps: number;
  readonly fps: number;
  readonly codec: string;
  /** For example `640×480`; empty when nothing was decoded. */
  readonly size: string;
}

export interface Quality {
  readonly rttMs: number | null;
  readonly receive: Direction;
  readonly send: Direction;
  readonly videoReceive: readonly VideoDirection[];
  readonly videoSend: VideoDirection | null;
}

/** The fields of RTCStats objects used here; browsers leave many of them out. */
export interface Stat {
  readonly id: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** Collects the counters from a stats report. */
export function read(stats: Iterable<Stat>, at: number): Reading {
  const byId = new Map<string, Stat>();
  for (const stat of stats) byId.set(stat.id, stat);
  const all = [...byId.values()];
  const of = (type: string, kind: string): Stat[] =>
    all.filter((stat) => stat.type === type && stat['kind'] === kind);
  // What the other side says about the packets sent from here.
  const reportOn = (out: Stat | undefined): Stat | undefined =>
    all.find((stat) => stat.type === 'remote-inbound-rtp' && stat['localId'] === out?.id);

  const audioOut = busiest(of('outbound-rtp', 'audio'));
  const videoOut = busiest(of('outbound-rtp', 'video'));
  const audioIn = busiest(of('inbound-rtp', 'audio'));
  const pair = all.find(
    (stat) => stat.type === 'candidate-pair' && stat['nominated'] === true && number(stat['bytesSent']) > 0,
  );
  const rtt =
    numberOrNull(reportOn(audioOut)?.['roundTripTime']) ?? numberOrNull(pair?.['currentRoundTripTime']);
  return {
    at,
    rtt,
    audioIn: audioIn ? inbound(audioIn, byId) : null,
    audioOut: audioOut ? outbound(audioOut, reportOn(audioOut), byId) : null,
    videoIn: of('inbound-rtp', 'video').map((stat) => inbound(stat, byId)),
    videoOut: videoOut ? outbound(videoOut, reportOn(videoOut), byId) : null,
  };
}

/** After a renegotiation several streams of a kind may be listed; the one that carries most counts. */
function busiest(stats: readonly Stat[]): Stat | undefined {
  const packets = (stat: Stat): number => number(stat['packetsReceived']) + number(stat['packetsSent']);
  return [...stats].sort((one, other) => packets(other) - packets(one))[0];
}

function codecOf(stat: Stat, byId: ReadonlyMap<string, Stat>): string {
  const codec = byId.get(String(stat['codecId'] ?? ''));
  const mime = String(codec?.['mimeType'] ?? '');
  return mime.slice(mime.indexOf('/') + 1);
}

function inbound(stat: Stat, byId: ReadonlyMap<string, Stat>): Counters {
  return {
    bytes: number(stat['bytesReceived']),
    packets: number(stat['packetsReceived']),
    lost: Math.max(0, number(stat['packetsLost'])),
    jitter: numberOrNull(stat['jitter']),
    codec: codecOf(stat, byId),
    frames: number(stat['framesDecoded']),
    width: number(stat['frameWidth']),
    height: number(stat['frameHeight']),
  };
}

function outbound(stat: Stat, report: Stat | undefined, byId: ReadonlyMap<string, Stat>): Counters {
  return {
    bytes: number(stat['bytesSent']),
    packets: number(stat['packetsSent']),
    lost: Math.max(0, number(report?.['packetsLost'])),
    jitter: numberOrNull(report?.['jitter']),
    codec: codecOf(stat, byId),
    frames: number(stat['framesEncoded']),
    width: number(stat['frameWidth']),
    height: number(stat['frameHeight']),
  };
}

/** Figures and words for the time between two readings. */
export function compare(before: Reading, after: Reading): Quality {
  const seconds = Math.max(0.001, (after.at - before.at) / 1000);
  const rttMs = after.rtt === null ? null : after.rtt * 1000;
  const video = (was: Counters | undefined, is: Counters): VideoDirection => ({
    kbps: rate(was?.bytes ?? 0, is.bytes, seconds),
    fps: Math.round(Math.max(0, is.frames - (was?.frames ?? 0)) / seconds),
    codec: is.codec,
    size: is.width > 0 ? `${is.width}×${is.height}` : '',
  });
  return {
    rttMs,
    receive: direction(before.audioIn, after.audioIn, seconds, rttMs, 'receive'),
    send: direction(before.audioOut, after.audioOut, seconds, rttMs, 'send'),
    videoReceive: after.videoIn.map((is, index) => video(before.videoIn[index], is)),
    videoSend: after.videoOut ? video(before.videoOut ?? undefined, after.videoOut) : null,
  };
}

const rate = (before: number, after: number, seconds: number): number =>
  Math.round((Math.max(0, after - before) * 8) / seconds / 1000);

function direction(
  before: Counters | null,
  after: Counters | null,
  seconds: number,
  rttMs: number | null,
  way: 'receive' | 'send',
): Direction {
  if (!after) {
    const words = way === 'receive' ? 'No sound arrives' : 'No sound is sent';
    return { bars: 0, words, jitterMs: null, loss: null, kbps: 0, codec: '' };
  }
  const packets = Math.max(0, after.packets - (before?.packets ?? 0));
  const lost = Math.max(0, after.lost - (before?.lost ?? 0));
  // Lost packets of an outgoing stream are among those sent; of an incoming one they come on top.
  const expected = way === 'receive' ? packets + lost : Math.max(packets, lost);
  const loss = expected > 0 ? (100 * lost) / expected : null;
  const jitterMs = after.jitter === null ? null : after.jitter * 1000;
  const figures = {
    jitterMs,
    loss,
    kbps: rate(before?.bytes ?? 0, after.bytes, seconds),
    codec: after.codec,
  };
  if (packets === 0) {
    const words = way === 'receive' ? 'No sound arrives' : 'No sound is sent';
    return { bars: 0, words, ...figures };
  }
  const bars = barsOf(score(rttMs ?? 0, jitterMs ?? 0, loss ?? 0));
  return { bars, words: wordsOf(bars, rttMs ?? 0, jitterMs ?? 0, loss ?? 0), ...figures };
}

/**
 * Mean opinion score (1 … 4.4) after the E-model, ITU-T G.107, shortened: delay from half the
 * round trip plus a jitter buffer of twice the jitter and one packet; loss for codecs that
 * conceal it (Ie = 0, Bpl = 25, the figure of G.113 for G.711 with concealment).
 */
export function score(rttMs: number, jitterMs: number, lossPercent: number): number {
  const delay = rttMs / 2 + 2 * jitterMs + 20;
  const delayed = 0.024 * delay + (delay > 177.3 ? 0.11 * (delay - 177.3) : 0);
  const damaged = (95 * lossPercent) / (lossPercent + 25);
  const r = Math.max(0, Math.min(100, 93.2 - delayed - damaged));
  return 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
}

/** Bars for a score: the usual classes of user satisfaction of ITU-T G.107 Annex B. */
export function barsOf(mos: number): number {
  if (mos >= 4.03) return 4;
  if (mos >= 3.6) return 3;
  if (mos >= 3.1) return 2;
  return 1;
}

function wordsOf(bars: number, rttMs: number, jitterMs: number, loss: number): string {
  const grade = ['', 'Poor', 'Fair', 'Good', 'Excellent'][bars] ?? '';
  if (bars >= 3) return grade;
  if (loss >= 3) return `${grade}: packets get lost`;
  if (jitterMs >= 40) return `${grade}: packets arrive unevenly`;
  if (rttMs >= 300) return `${grade}: long delay`;
  return grade;
}

/** `12:05` or `1:02:03`, for the timer of a call. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${two(minutes)}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
