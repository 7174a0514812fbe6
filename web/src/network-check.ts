// Looks before a call which addresses the browser finds: its own, those that a STUN server sees and
// those on a TURN server. Nothing is sent to the exchange and no microphone is opened.

import type { FoundCandidate, NetworkReport } from './ice.ts';
import { report } from './ice.ts';

/** Longest wait: a TURN server over TLS needs five round trips, a dead one answers never. */
const LIMIT_MS = 4_000;

/** Errors of one check that are kept: one per interface and address of a server. */
const MAX_ERRORS = 12;

/** A server answered with an error, or not at all (`icecandidateerror`, WebRTC 1.0 §4.8.2). */
const NO_ANSWER = 701;

export async function checkNetwork(servers: readonly RTCIceServer[]): Promise<NetworkReport> {
  const found: FoundCandidate[] = [];
  const errors: string[] = [];
  const connection = new RTCPeerConnection({ iceServers: [...servers] });
  try {
    const gathered = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LIMIT_MS);
      connection.addEventListener('icecandidate', ({ candidate }) => {
        if (candidate?.candidate) found.push({ type: candidate.type, address: candidate.address });
        else if (candidate === null) {
          clearTimeout(timer);
          resolve();
        }
      });
      connection.addEventListener('icecandidateerror', ({ url, errorCode, errorText }) => {
        const words = errorCode === NO_ANSWER ? 'no answer' : `${errorCode} ${errorText}`;
        if (errors.length < MAX_ERRORS) errors.push(`${url}: ${words}`);
      });
    });
    connection.createDataChannel('check');
    await connection.setLocalDescription();
    await gathered;
  } finally {
    connection.close();
  }
  return report(found, servers.length, errors);
}
