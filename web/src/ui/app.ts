// Puts the views together: header, notice, the one view that fits the state, keyboard.

import type { Log } from '../log.ts';
import type { Phone } from '../phone.ts';
import type { Hint } from '../settings.ts';
import type { PhoneState } from '../state.ts';
import { lineWords } from '../state.ts';
import type { Store } from '../store.ts';
import type { Notice } from '../strings.ts';
import type { View } from './dom.ts';
import { h, icon, say, show } from './dom.ts';
import type { HomeView } from './home.ts';
import { homeView } from './home.ts';
import { inCallView } from './incall.ts';
import { incomingView } from './incoming.ts';
import { actionOf } from './keyboard.ts';
import { settingsPanel } from './settings-panel.ts';
import { signInView } from './signin.ts';

export function mountApp(
  root: HTMLElement,
  store: Store,
  phone: Phone,
  log: Log,
  hints: readonly Hint[],
): void {
  const settings = settingsPanel(phone, log);
  const home = homeView(phone, hints, () => store.dispatch({ type: 'recents', recents: [] }));
  const inCall = inCallView(phone, () => settings.open());
  const views: readonly View[] = [
    headerView(phone, () => settings.open()),
    noticeView(store),
    signInView(phone),
    home,
    incomingView(phone),
    inCall,
    settings,
  ];
  const [header, notice, ...main] = views.slice(0, -1);
  for (const view of main) view.element.hidden = true;
  root.replaceChildren(
    ...[header, notice].flatMap((view) => (view ? [view.element] : [])),
    h('main', {}, ...main.map((view) => view.element)),
    settings.element,
  );
  const update = (state: PhoneState): void => {
    for (const view of views) view.update(state);
    document.title = titleOf(state);
  };
  store.subscribe(update);
  update(store.state);
  listenToKeys(store, phone, home, () => inCall.openTransfer());
}

function titleOf({ call, line }: PhoneState): string {
  if (call?.phase === 'incoming') return `☎ ${call.name} is calling`;
  if (call && call.phase !== 'ended') return `${call.name} – Sidetone`;
  return line.kind === 'registered' ? 'Sidetone – ready' : 'Sidetone';
}

function headerView(phone: Phone, openSettings: () => void): View {
  const light = h('span', { class: 'light', aria: { hidden: 'true' } });
  const words = h('span', { class: 'line-words' });
  const account = h('span', { class: 'account' });
  const button = (name: string, drawing: 'settings' | 'sign-out', click: () => void): HTMLButtonElement =>
    h('button', { type: 'button', class: 'plain', title: name, aria: { label: name }, on: { click } }, icon(drawing));
  const signOut = button('Sign out', 'sign-out', () => phone.signOut());
  const element = h(
    'header',
    { class: 'top' },
    h('div', { class: 'brand' }, h('span', { class: 'mark', aria: { hidden: 'true' } }), 'Sidetone'),
    h('div', { class: 'line', role: 'status' }, light, words, account),
    h('div', { class: 'top-buttons' }, button('Settings', 'settings', openSettings), signOut),
  );
  const update = (state: PhoneState): void => {
    const { words: text, tone } = lineWords(state);
    light.dataset['tone'] = tone;
    say(words, text);
    say(account, state.line.kind === 'signed-out' ? '' : state.account);
    show(signOut, state.line.kind !== 'signed-out');
  };
  return { element, update };
}

function noticeView(store: Store): View {
  const title = h('strong', {});
  const text = h('p', {});
  const link = h('a', { target: '_blank', rel: 'noopener' });
  const close = h(
    'button',
    {
      type: 'button',
      class: 'plain',
      aria: { label: 'Dismiss' },
      on: { click: () => store.dispatch({ type: 'notice', notice: null }) },
    },
    icon('close'),
  );
  const box = h('div', { class: 'notice' }, h('div', {}, title, text, link), close);
  // The live region is always there; what appears inside it is read out.
  const element = h('div', { class: 'notices', role: 'status', aria: { live: 'polite' } }, box);
  let shown: Notice | null = null;
  const update = ({ notice }: PhoneState): void => {
    show(box, notice !== null);
    if (!notice || notice === shown) return;
    shown = notice;
    box.dataset['tone'] = notice.tone;
    say(title, notice.title);
    say(text, notice.text);
    show(link, notice.link !== undefined);
    if (notice.link) {
      link.href = notice.link.href;
      say(link, notice.link.label);
    }
  };
  return { element, update };
}

function listenToKeys(
  store: Store,
  phone: Phone,
  home: HomeView,
  openTransfer: () => void,
): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const { call, line } = store.state;
    if (line.kind === 'signed-out') return;
    const focus = document.activeElement;
    const dialog = document.querySelector('dialog[open]') !== null;
    const typing = dialog || (focus?.matches('input, select, textarea') ?? false);
    const pressable = focus?.matches('button, a') ?? false;
    const action = actionOf(event.key, call?.phase ?? null, { typing, pressable });
    if (action.kind === 'none') return;
    event.preventDefault();
    switch (action.kind) {
      case 'dial':
        return home.type(action.digit);
      case 'tone':
        return phone.sendTones(action.digit);
      case 'answer':
        return void phone.answer('audio');
      case 'hang-up':
        return phone.hangUp();
      case 'mute':
        return phone.setMuted(!call?.muted);
      case 'hold':
        return phone.setHeld(!call?.heldHere);
      case 'camera':
        return phone.setCamera(call?.localVideo == null);
      case 'transfer':
        return openTransfer();
    }
  });
}
