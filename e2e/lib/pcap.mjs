// Reads the exchange's capture files: raw IP packets with UDP, in the classic format.
import { readFile } from 'node:fs/promises';

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const UDP_HEADER = 8;

/** The datagrams of a capture: ports, bytes sent, and the first of them. */
export async function datagramsOf(file) {
  const bytes = await readFile(file);
  const found = [];
  for (let at = FILE_HEADER; at + RECORD_HEADER <= bytes.length; ) {
    const held = bytes.readUInt32BE(at + 8);
    const packet = bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + held);
    const ip = packet[0] >> 4 === 6 ? 40 : 20;
    const [from, to] = [packet.readUInt16BE(ip), packet.readUInt16BE(ip + 2)];
    const sent = bytes.readUInt32BE(at + 12) - ip - UDP_HEADER;
    found.push({ from, to, sent, head: packet.subarray(ip + UDP_HEADER) });
    at += RECORD_HEADER + held;
  }
  return found;
}

/** What an RTP header says (RFC 3550 §5.1); null for anything else, RTCP among it. */
export function rtpHeader({ head, sent }) {
  if (head.length < 12 || head[0] >> 6 !== 2 || (head[1] >= 192 && head[1] <= 223)) return null;
  const sources = 4 * (head[0] & 0x0f);
  const extension = head[0] & 0x10 ? 4 + 4 * head.readUInt16BE(12 + sources + 2) : 0;
  return {
    payloadType: head[1] & 0x7f,
    sequence: head.readUInt16BE(2),
    ssrc: head.readUInt32BE(8),
    length: 12 + sources + extension,
    payload: sent - 12 - sources - extension,
  };
}
