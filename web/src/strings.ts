// Every sentence the phone says, in one place: what happened, whose fault it is, what to do next.
// Pure: no DOM, no network. Each function takes a cause and returns words.

import type { NetworkReport } from './ice.ts';
import { isPublic, judge } from './ice.ts';

/** A message for the person at the phone. */
export interface Notice {
  readonly tone: 'info' | 'warning' | 'error';
  readonly title: string;
  readonly text: string;
  readonly link?: { readonly href: string; readonly label: string };
  /** What takes the message back by itself when it works again; nothing does for the others. */
  readonly about?: 'line' | 'media path';
}

/** Why a microphone or camera could not be opened. */
export type MediaFault =
  | 'insecure'
  | 'unsupported'
  | 'refused'
  | 'not-found'
  | 'in-use'
  | 'unsuitable'
  | 'other';

export type MediaDevice = 'microphone' | 'camera' | 'microphone and camera';

/** Words for a microphone or camera that could not be opened. */
export function mediaWords(fault: MediaFault, device: MediaDevice, detail = ''): Notice {
  const error = (title: string, text: string): Notice => ({ tone: 'error', title, text });
  switch (fault) {
    case 'insecure':
      return error(
        'This page is not secure',
        'Browsers hand out the microphone only to pages opened over https:// or on this very ' +
          'computer (localhost). Open the phone through its https:// address.',
      );
    case 'unsupported':
      return error(
        'This browser cannot make calls',
        'It offers no WebRTC. Use a current Firefox, Chrome, Edge or Safari.',
      );
    case 'refused':
      return error(
        `The ${device} is blocked`,
        `The browser refused access to the ${device}. Press the lock or camera symbol beside ` +
          'the address, allow it for this page, then call again.',
      );
    case 'not-found':
      return error(
        `No ${device} found`,
        `Plug in a ${device === 'camera' ? 'camera' : 'headset or microphone'} and call again. ` +
          'The settings list what the browser can see.',
      );
    case 'in-use':
      return error(
        `The ${device} is in use`,
        'Another program or browser tab holds it. Close that one and call again.',
      );
    case 'unsuitable':
      return error(
        `The chosen ${device} is gone`,
        'It was unplugged or has changed. Choose another one in the settings.',
      );
    case 'other':
      return error(`The ${device} did not start`, detail || 'The browser gave no reason.');
  }
}

/** Words for a camera that failed while the microphone works: the call goes on without it. */
export function cameraSkippedWords(fault: MediaFault): Notice {
  const words = mediaWords(fault, 'camera');
  return { tone: 'warning', title: words.title, text: `Calling without video. ${words.text}` };
}

/** Words for a REGISTER that was refused. `status` is the SIP status, 0 when none came. */
export function registrationWords(status: number, reason: string, account: string): Notice {
  const error = (title: string, text: string): Notice => ({ tone: 'error', title, text, about: 'line' });
  switch (status) {
    case 401:
    case 407:
      return error(
        'Wrong account or password',
        `The exchange did not accept the password of “${account}”. Check both; capital letters count.`,
      );
    case 403:
      return error(
        'The exchange refused this account',
        `“${account}” may not register here: a wrong password, too many phones on the account, ` +
          'or an address that is not allowed. The exchange’s log names the reason.',
      );
    case 404:
      return error('Unknown account', `The exchange knows no account “${account}”.`);
    case 408:
    case 0:
      return error(
        'The exchange does not answer',
        'The connection is open, but no answer to the registration came. Trying again.',
      );
    case 503:
      return error('The exchange is overloaded', 'It asks to try again later.');
    default:
      return error('Registration failed', `The exchange answered ${status} ${reason}.`);
  }
}

/** What probing the server over plain HTTPS showed after a WebSocket would not open. */
export type Reach = 'offline' | 'reachable' | 'unreachable';

/**
 * Words for a WebSocket that would not open. `probe` is the address to open by hand. Browsers do
 * not tell a page whether a certificate was refused, so the words name both possible causes.
 */
export function connectWords(reach: Reach, secure: boolean, probe: string): Notice {
  switch (reach) {
    case 'offline':
      return offlineWords();
    case 'reachable':
      return {
        tone: 'error',
        title: 'The exchange refuses the phone connection',
        text:
          'It answers web requests, but not the WebSocket. Check the path (usually /ws), the ' +
          'limit of sessions in http.conf, and a proxy in between.',
        link: { href: probe, label: 'Open the WebSocket address' },
        about: 'line',
      };
    case 'unreachable':
      if (!secure) {
        return {
          tone: 'error',
          title: 'The exchange cannot be reached',
          text: 'Nothing answers at this address. Check the server name, the port and the firewall.',
          about: 'line',
        };
      }
      return {
        tone: 'error',
        title: 'No trusted connection to the exchange',
        text:
          'Either nothing answers at this address, or its certificate is not trusted yet. Open the ' +
          'link: if a certificate warning appears, accept it, then come back.',
        link: { href: probe, label: 'Open the exchange and check its certificate' },
        about: 'line',
      };
  }
}

export function offlineWords(): Notice {
  return {
    tone: 'warning',
    title: 'No network',
    text: 'This computer is offline. The phone connects again by itself.',
    about: 'line',
  };
}

/** Words for a WebSocket that had been open and was closed (codes of RFC 6455 §7.4.1). */
export function closedWords(code: number, reason: string): Notice {
  const warning = (title: string, text: string): Notice => ({ tone: 'warning', title, text, about: 'line' });
  switch (code) {
    case 1000:
    case 1001:
      return warning('The exchange closed the connection', 'It is stopping. Connecting again.');
    case 1012:
      return warning('The exchange is restarting', 'Connecting again in a moment.');
    case 1013:
      return warning('The exchange is overloaded', 'It asked to come back later. Trying again.');
    case 1008:
      return warning(
        'The exchange closed the connection',
        `It names a broken rule: ${reason || 'none given'}.`,
      );
    default:
      return warning('Connection lost', `Connecting again.${reason ? ` (${reason})` : ''}`);
  }
}

/** Words for a media path that stopped during a call; the call may still recover. */
export function mediaPathWords(): Notice {
  return {
    tone: 'warning',
    title: 'The media connection is interrupted',
    text: 'No packets come through. Waiting for the network; the call ends if it stays away.',
    about: 'media path',
  };
}

/** What the addresses that the browser found mean for calls. */
export function networkWords(report: NetworkReport): Notice {
  const info = (title: string, text: string): Notice => ({ tone: 'info', title, text });
  const warning = (title: string, text: string): Notice => ({ tone: 'warning', title, text });
  const said = report.errors.length > 0 ? ` ${report.errors.join('; ')}.` : '';
  switch (judge(report)) {
    case 'relay':
      return info(
        'Calls get through almost everywhere',
        `A relay is ready (${report.relayed.join(', ')}): sound passes even where UDP is blocked.`,
      );
    case 'reflexive':
      return info(
        'The address of this network is known',
        `Outside, this browser is ${report.reflexive.join(', ')}.` +
          ' Behind a strict firewall a TURN server would be needed as well.',
      );
    case 'public':
      return info('This computer has a public address', report.hosts.filter(isPublic).join(', '));
    case 'no servers':
      return warning(
        'Only addresses of this network are known',
        'No STUN or TURN server is set, here or at the exchange. Calls work in this network, and ' +
          'wherever the exchange has a public address.',
      );
    case 'only local':
      return warning(
        'Only addresses of this network were found',
        `The STUN or TURN server gave no address: sound may not get through from here.${said}` +
          ' A firewall may block UDP; look at the servers in the settings.',
      );
    case 'nothing':
      return warning(
        'No network address was found',
        `The browser found no way to send sound.${said} An extension or a policy of the browser ` +
          'may switch WebRTC off.',
      );
  }
}

/** Words for a browser that refuses to play sound before somebody touched the page. */
export function autoplayWords(): Notice {
  return {
    tone: 'warning',
    title: 'The browser holds back the sound',
    text: 'Click anywhere on this page to hear the other side.',
  };
}

/** Words for a number that cannot be called. */
export function targetWords(target: string): Notice {
  return {
    tone: 'error',
    title: 'This number cannot be dialled',
    text: `“${target}” is neither a number, nor a name, nor a SIP address.`,
  };
}

/** Words for a change of a call that must wait for the one before it. */
export function notReadyWords(): Notice {
  return {
    tone: 'info',
    title: 'One moment',
    text: 'The call is still changing; try again in a second.',
  };
}

/** Words for a call that was handed over. */
export function transferredWords(peer: string, target: string): Notice {
  return { tone: 'info', title: 'Transferred', text: `${peer} is connected with ${target}.` };
}

/** Words for a call that the exchange took over before it was known whether the other one answers. */
export function handedOverWords(peer: string, target: string): Notice {
  return { tone: 'info', title: 'Transferred', text: `${peer} is being connected with ${target}.` };
}

/** Words for a call that could not be handed over; it goes on here. */
export function transferFailedWords(status: number, target: string): Notice {
  const text = {
    0: 'The exchange did not say why.',
    403: 'The exchange does not allow transfers from this account.',
    404: `The exchange knows no “${target}”.`,
    480: `${target} is not available.`,
    486: `${target} is busy.`,
    487: `${target} did not answer.`,
    603: `${target} declined.`,
  }[status];
  return {
    tone: 'warning',
    title: 'Not transferred',
    text: `${text ?? `The exchange answered ${status}.`} The call is still here.`,
  };
}

/** Why a call ended, as the signalling tells it. */
export interface CallEnd {
  /** Who ended it. */
  readonly by: 'local' | 'remote' | 'system';
  /** SIP status of a refused call; 0 when the call had been answered or no status is known. */
  readonly status: number;
  readonly reason: string;
  /** JsSIP's cause. */
  readonly cause: string;
  readonly answered: boolean;
}

/** Words for an ended call: one line for the screen, and whether it is worth a warning. */
export function endWords(end: CallEnd, peer: string): Notice {
  const info = (title: string, text = ''): Notice => ({ tone: 'info', title, text });
  const warning = (title: string, text: string): Notice => ({ tone: 'warning', title, text });
  if (end.cause === 'RTP Timeout') {
    return warning(
      'No media connection',
      'Sound could not be sent either way: a firewall blocks UDP between here and the exchange, ' +
        'or the exchange offers an address this network cannot reach (external_media_address).',
    );
  }
  if (end.cause === 'Connection Error') {
    return warning('Connection lost', 'The connection to the exchange broke during the call.');
  }
  if (end.answered) {
    return info(end.by === 'remote' ? `${peer} hung up` : 'Call ended');
  }
  if (end.cause === 'No Answer' || (end.cause === 'Canceled' && end.by === 'remote')) {
    const elsewhere = /completed elsewhere/i.test(end.reason);
    return info(elsewhere ? `${peer}: answered elsewhere` : `Missed call from ${peer}`);
  }
  if (end.by === 'local') {
    return info(end.cause === 'Rejected' ? `You declined ${peer}` : 'Call cancelled');
  }
  return refusedWords(end, peer);
}

function refusedWords(end: CallEnd, peer: string): Notice {
  const info = (title: string, text = ''): Notice => ({ tone: 'info', title, text });
  const warning = (title: string, text: string): Notice => ({ tone: 'warning', title, text });
  switch (end.status) {
    case 486:
    case 600:
      return info(`${peer} is busy`);
    case 404:
    case 604:
    case 484:
      return warning(`${peer} does not exist`, 'The exchange knows no such number.');
    case 480:
    case 430:
      return info(`${peer} is not available`, 'No phone of theirs is registered right now.');
    case 408:
    case 487:
      return info(`${peer} did not answer`);
    case 401:
    case 407:
      return warning('Wrong password', 'The exchange did not accept the call. Sign in again.');
    case 403:
      return warning('Call not allowed', `This account may not call ${peer}.`);
    case 603:
      return info(`${peer} declined the call`);
    case 488:
    case 606:
      return warning(
        'No common codec',
        'This browser and the exchange found no codec both allow. Check allow= of the endpoint.',
      );
    case 503:
      return warning('The exchange is overloaded', 'Try again in a moment.');
    case 0:
      return warning('The call failed', end.cause || 'No reason was given.');
    default:
      return warning('The call failed', `The exchange answered ${end.status} ${end.reason}.`);
  }
}
