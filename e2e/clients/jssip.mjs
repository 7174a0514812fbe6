// The least that JsSIP needs to register and call; what a web developer would write first.
import JsSIP from 'jssip';

window.client = {
  registered: false,
  ended: '',
  connection: null,
  start({ server, account, password }) {
    const { hostname } = new URL(server);
    this.ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(server)],
      uri: `sip:${account}@${hostname}`,
      password,
    });
    this.ua.on('registered', () => (this.registered = true));
    this.ua.on('registrationFailed', ({ cause }) => (this.ended = `registration: ${cause}`));
    this.ua.start();
  },
  call(number) {
    const session = this.ua.call(number, {
      mediaConstraints: { audio: true, video: false },
      eventHandlers: {
        confirmed: () => (this.talking = true),
        failed: ({ cause }) => (this.ended = cause),
        ended: ({ cause }) => (this.ended = cause),
      },
    });
    this.session = session;
    this.connection = session.connection;
    session.connection.addEventListener('track', ({ streams }) => {
      const sound = document.querySelector('#sound');
      sound.srcObject = streams[0];
      void sound.play();
    });
  },
  hangup() {
    this.session.terminate();
  },
};
