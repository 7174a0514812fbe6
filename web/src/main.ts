// Starts the phone: reads settings and the address bar, builds the screen, signs in when it can.

import './ui/phone.css';
import JsSIP from 'jssip';
import { makeApi } from './api.ts';
import { Log } from './log.ts';
import { Loudspeaker } from './media.ts';
import { Phone } from './phone.ts';
import { Ringer } from './ring.ts';
import type { Handover } from './settings.ts';
import { load, loadRecents, parseHandover, saveRecents, serverOfPage, startingSettings } from './settings.ts';
import type { PhoneState } from './state.ts';
import { Store } from './store.ts';
import { offlineWords } from './strings.ts';
import { mountApp } from './ui/app.ts';

/** Takes account and password from the address and erases them there, history included. */
function takeHandover(): Handover | null {
  const handover = parseHandover(location.hash);
  if (handover) history.replaceState(null, '', location.pathname + location.search);
  return handover;
}

function ringFor({ call }: PhoneState): 'ring' | 'ringback' | 'ended' | null {
  if (call?.phase === 'incoming') return 'ring';
  if (call?.phase === 'ringing' && !call.earlyMedia) return 'ringback';
  return null;
}

function start(): void {
  const handover = takeHandover();
  const store = new Store();
  const log = new Log();
  log.attach(JsSIP.debug);
  const sound = document.querySelector<HTMLAudioElement>('#sound');
  const root = document.querySelector<HTMLElement>('#app');
  if (!sound || !root) throw new Error('the page lacks #sound or #app');
  const loudspeaker = new Loudspeaker(sound);
  const path = document.querySelector<HTMLMetaElement>('meta[name=websocket]')?.content;
  const ofPage = serverOfPage(location, path);
  const phone = new Phone(store, log, startingSettings(load(), handover, ofPage), loudspeaker);
  store.dispatch({ type: 'recents', recents: loadRecents() });
  mountApp(root, store, phone, log, handover?.hints ?? []);

  const ringer = new Ringer();
  let recents = store.state.recents;
  store.subscribe((state) => {
    ringer.play(ringFor(state));
    if (state.recents !== recents) saveRecents((recents = state.recents));
  });
  const network = (): void => {
    store.dispatch({ type: 'network', online: navigator.onLine });
    if (navigator.onLine) phone.checkLine();
    else if (store.state.line.kind !== 'signed-out') {
      store.dispatch({ type: 'notice', notice: offlineWords() });
    }
  };
  window.addEventListener('online', network);
  window.addEventListener('offline', network);
  network();
  // A click lifts the browser's ban on sound that no gesture has asked for.
  document.addEventListener('click', () => void (sound.paused && sound.play().catch(() => undefined)));
  window.addEventListener('pagehide', () => phone.leave());
  window.addEventListener('pageshow', ({ persisted }) => persisted && location.reload());
  window.addEventListener('beforeunload', (event) => {
    const { call } = store.state;
    if (call && call.phase !== 'ended') event.preventDefault();
  });
  Object.defineProperty(window, 'sidetone', { value: makeApi(store, phone, log) });
  if (phone.settings.account && phone.settings.password) phone.signIn();
}

start();
