// The least that SIP.js needs to register and call, through its SimpleUser.
import { Web } from 'sip.js';

window.client = {
  registered: false,
  ended: '',
  async start({ server, account, password }) {
    const { hostname } = new URL(server);
    this.domain = hostname;
    this.user = new Web.SimpleUser(server, {
      aor: `sip:${account}@${hostname}`,
      media: { constraints: { audio: true, video: false }, remote: { audio: document.querySelector('#sound') } },
      userAgentOptions: { authorizationUsername: account, authorizationPassword: password, logLevel: 'error' },
      delegate: {
        onRegistered: () => (this.registered = true),
        onCallAnswered: () => (this.talking = true),
        onCallHangup: () => (this.ended = 'hangup'),
      },
    });
    await this.user.connect();
    await this.user.register();
  },
  async call(number) {
    await this.user.call(`sip:${number}@${this.domain}`);
  },
  get connection() {
    return this.user.session?.sessionDescriptionHandler?.peerConnection ?? null;
  },
  hangup() {
    return this.user.hangup();
  },
};
