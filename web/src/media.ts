// Microphone, camera, loudspeaker, and how long to gather network addresses.

import type { MediaDevice, MediaFault } from './strings.ts';

/** A microphone or camera that could not be opened, and why. */
export class MediaProblem extends Error {
  readonly fault: MediaFault;
  readonly device: MediaDevice;

  constructor(fault: MediaFault, device: MediaDevice, detail: string) {
    super(detail);
    this.fault = fault;
    this.device = device;
  }
}

/** The cause behind the name of an exception of getUserMedia. */
export function faultOf(name: string): MediaFault {
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
    case 'PermissionDeniedError':
      return 'refused';
    case 'NotFoundError':
    case 'DevicesNotFoundError':
      return 'not-found';
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return 'in-use';
    case 'OverconstrainedError':
    case 'ConstraintNotSatisfiedError':
      return 'unsuitable';
    default:
      return 'other';
  }
}

/** Echo cancellation, noise suppression and gain control on: most people call without a headset. */
export function audioConstraints(microphone: string): MediaTrackConstraints {
  return {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    ...(microphone ? { deviceId: { exact: microphone } } : {}),
  };
}

/** 640×480 at up to 30 pictures a second: enough for a face, light enough for four echoes. */
export function videoConstraints(camera: string): MediaTrackConstraints {
  return {
    width: { ideal: 640 },
    height: { ideal: 480 },
    frameRate: { max: 30 },
    ...(camera ? { deviceId: { exact: camera } } : {}),
  };
}

async function open(constraints: MediaStreamConstraints, device: MediaDevice): Promise<MediaStream> {
  if (!window.isSecureContext) throw new MediaProblem('insecure', device, '');
  if (!navigator.mediaDevices?.getUserMedia || !window.RTCPeerConnection) {
    throw new MediaProblem('unsupported', device, '');
  }
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    const { name, message } = error as DOMException;
    throw new MediaProblem(faultOf(name), device, message);
  }
}

/** Opens the microphone; a chosen one that is gone falls back to the default. */
export async function openMicrophone(id: string): Promise<MediaStreamTrack> {
  const stream = await open({ audio: audioConstraints(id) }, 'microphone').catch((problem) => {
    if (id === '' || !(problem instanceof MediaProblem) || problem.fault !== 'unsuitable') {
      throw problem;
    }
    return open({ audio: audioConstraints('') }, 'microphone');
  });
  return firstTrack(stream.getAudioTracks(), 'microphone');
}

/** Opens the camera; a chosen one that is gone falls back to the default. */
export async function openCamera(id: string): Promise<MediaStreamTrack> {
  const stream = await open({ video: videoConstraints(id) }, 'camera').catch((problem) => {
    if (id === '' || !(problem instanceof MediaProblem) || problem.fault !== 'unsuitable') {
      throw problem;
    }
    return open({ video: videoConstraints('') }, 'camera');
  });
  return firstTrack(stream.getVideoTracks(), 'camera');
}

function firstTrack(tracks: readonly MediaStreamTrack[], device: MediaDevice): MediaStreamTrack {
  const track = tracks[0];
  if (!track) throw new MediaProblem('not-found', device, '');
  return track;
}

export interface Devices {
  readonly microphones: readonly MediaDeviceInfo[];
  readonly cameras: readonly MediaDeviceInfo[];
  readonly speakers: readonly MediaDeviceInfo[];
}

/** Names under which Chromium lists the system's choice a second time; the list has “Default”. */
const ALIASES: readonly string[] = ['', 'default', 'communications'];

/** What the browser can see. Names are empty until the microphone has been allowed once. */
export async function listDevices(): Promise<Devices> {
  const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  const of = (kind: MediaDeviceKind): MediaDeviceInfo[] =>
    all.filter(({ kind: is, deviceId }) => is === kind && !ALIASES.includes(deviceId));
  return { microphones: of('audioinput'), cameras: of('videoinput'), speakers: of('audiooutput') };
}

/** Sends the sound of `element` to a loudspeaker; false where the browser cannot choose one. */
export async function chooseSpeaker(element: HTMLMediaElement, id: string): Promise<boolean> {
  if (typeof element.setSinkId !== 'function') return false;
  try {
    await element.setSinkId(id);
    return true;
  } catch {
    return false; // Unplugged meanwhile: the default speaker goes on playing.
  }
}

/**
 * Whether a description offers video: a video with port 0 is refused or over, unless it stands there
 * to share the port of another stream (RFC 9143 §6).
 */
export function offersVideo(description: string): boolean {
  return description
    .split(/^(?=m=)/m)
    .some((media) => /^m=video [1-9]/.test(media) || (/^m=video 0 /.test(media) && /^a=bundle-only/m.test(media)));
}

/** Longest wait for a reflexive address: a dead STUN server must not delay a call. */
export const GATHER_LIMIT_MS = 500;

/** Time for the other interfaces once one address is known; they arrive within a few ms. */
export const GATHER_GRACE_MS = 40;

/**
 * How much longer to gather after a candidate of `type` arrived, in milliseconds. Without servers
 * the host addresses are all there is, and what is found later may follow an exchange that takes
 * it; else the first reflexive address is what the call needs.
 */
export function gatherMore(type: string, hasServers: boolean, trickles: boolean): number {
  if (!hasServers || trickles) return GATHER_GRACE_MS;
  return type === 'srflx' || type === 'relay' ? 0 : GATHER_LIMIT_MS;
}

/** Plays what arrives from the other side. */
export class Loudspeaker {
  readonly #element: HTMLAudioElement;
  readonly #stream = new MediaStream();

  constructor(element: HTMLAudioElement) {
    this.#element = element;
  }

  /** Plays exactly `tracks`; resolves to false when the browser wants a click first. */
  async play(tracks: readonly MediaStreamTrack[]): Promise<boolean> {
    const current = this.#stream.getTracks();
    for (const track of current) if (!tracks.includes(track)) this.#stream.removeTrack(track);
    for (const track of tracks) if (!current.includes(track)) this.#stream.addTrack(track);
    if (tracks.length === 0) return true;
    // Not before there is sound: an empty stream would hold up the page's `load` event for ever.
    this.#element.srcObject ??= this.#stream;
    try {
      await this.#element.play();
      return true;
    } catch (error) {
      return (error as DOMException).name !== 'NotAllowedError';
    }
  }

  async choose(id: string): Promise<boolean> {
    return chooseSpeaker(this.#element, id);
  }
}
