// The least that SIP.js needs to register, call and answer, through its SimpleUser.
import { Web } from 'sip.js';
import { show } from './show.mjs';

window.client = {
  registered: false,
  talking: false,
  ended: '',
  async start({ server, account, password, video = false }) {
    const { hostname } = new URL(server);
    this.domain = hostname;
    this.user = new Web.SimpleUser(server, {
      aor: `sip:${account}@${hostname}`,
      media: { constraints: { audio: true, video } },
      reconnectionAttempts: 30,
      reconnectionDelay: 1,
      userAgentOptions: { authorizationUsername: account, authorizationPassword: password, logLevel: 'error' },
      delegate: {
        onRegistered: () => (this.registered = true),
        onServerDisconnect: () => (this.registered = false),
        onCallCreated: () => this.follow(),
        onCallReceived: () => void this.user.answer(),
        onCallAnswered: () => (this.talking = true),
        onCallHangup: () => (this.ended = 'hangup'),
      },
    });
    await this.user.connect();
    await this.user.register({
      requestDelegate: {
        onReject: ({ message }) => (this.ended = `registration: ${message.statusCode}`),
      },
    });
  },
  async call(number) {
    await this.user.call(`sip:${number}@${this.domain}`);
  },
  /** SimpleUser makes the connection a moment after the call. */
  follow() {
    const connection = this.connection;
    if (!connection) {
      setTimeout(() => this.follow(), 20);
      return;
    }
    for (const { track } of connection.getReceivers()) show(track);
    connection.addEventListener('track', ({ track }) => show(track));
  },
  get connection() {
    return this.user?.session?.sessionDescriptionHandler?.peerConnection ?? null;
  },
  hangup() {
    return this.user.hangup();
  },
};
