// The least that JsSIP needs to register, call and answer; what a web developer would write first.
import JsSIP from 'jssip';
import { show } from './show.mjs';

// What browsers showed before ECDSA, and what a page may still ask for.
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

window.client = {
  registered: false,
  talking: false,
  ended: '',
  connection: null,
  async start({ server, account, password, video = false, rsa = false }) {
    const { hostname } = new URL(server);
    this.options = { mediaConstraints: { audio: true, video } };
    if (rsa) this.options.pcConfig = { certificates: [await RTCPeerConnection.generateCertificate(RSA)] };
    this.ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(server)],
      uri: `sip:${account}@${hostname}`,
      password,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 2,
    });
    this.ua.on('registered', () => (this.registered = true));
    this.ua.on('disconnected', () => (this.registered = false));
    this.ua.on('registrationFailed', ({ cause }) => (this.ended = `registration: ${cause}`));
    this.ua.on('newRTCSession', ({ originator, session }) => {
      if (originator !== 'remote') return;
      session.on('peerconnection', () => this.follow(session));
      session.answer(this.options);
    });
    this.ua.start();
  },
  call(number) {
    this.follow(this.ua.call(number, this.options));
  },
  follow(session) {
    this.session = session;
    this.connection = session.connection;
    session.on('confirmed', () => (this.talking = true));
    session.on('failed', ({ cause }) => (this.ended = cause));
    session.on('ended', ({ cause }) => (this.ended = cause));
    session.connection.addEventListener('track', ({ track }) => show(track));
  },
  hangup() {
    this.session.terminate();
  },
};
