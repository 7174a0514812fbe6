// What is on the screen between calls: the dial field, the keypad, recent calls.

import type { Media } from '../call.ts';
import type { NetworkReport } from '../ice.ts';
import { judge } from '../ice.ts';
import type { Phone } from '../phone.ts';
import type { Hint } from '../settings.ts';
import type { PhoneState, Recent } from '../state.ts';
import { networkWords } from '../strings.ts';
import type { View } from './dom.ts';
import { h, icon, initials, say, show } from './dom.ts';
import { keypad } from './keypad.ts';

export interface HomeView extends View {
  /** Adds a digit typed while the dial field has no focus. */
  type(digit: string): void;
}

export function homeView(phone: Phone, hints: readonly Hint[], forget: () => void): HomeView {
  const dial = dialCard(phone);
  const history = historyCard((number) => dial.set(number), hints, forget);
  // A server that gives no address costs a call its sound: said here, before it is made.
  const network = h('p', { class: 'network-warning', role: 'status' });
  const element = h(
    'section',
    { class: 'home', aria: { label: 'Dial' } },
    h('div', { class: 'home-column' }, dial.element, network),
    history.element,
  );
  return {
    element,
    type: dial.type,
    update(state: PhoneState): void {
      const calling = state.call !== null && state.call.phase !== 'ended';
      show(element, state.line.kind !== 'signed-out' && state.call === null && !calling);
      dial.enable(state.line.kind === 'registered');
      history.update(state.recents);
      const words = state.network && warned(state.network) ? networkWords(state.network) : null;
      show(network, words !== null);
      say(network, words ? `${words.title}. ${words.text}` : '');
    },
  };
}

/** Without servers there is nothing wrong yet; the settings tell. */
function warned(report: NetworkReport): boolean {
  const verdict = judge(report);
  return verdict === 'only local' || verdict === 'nothing';
}

interface DialCard {
  readonly element: HTMLElement;
  readonly type: (digit: string) => void;
  readonly set: (number: string) => void;
  readonly enable: (on: boolean) => void;
}

function dialCard(phone: Phone): DialCard {
  const field = h('input', {
    class: 'dial-field',
    name: 'number',
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: false,
    inputMode: 'tel',
    placeholder: 'Number or name',
    aria: { label: 'Number or name to call' },
  });
  const erase = h(
    'button',
    { type: 'button', class: 'plain erase', title: 'Delete the last digit', aria: { label: 'Delete the last digit' } },
    icon('erase'),
  );
  const call = (media: Media): void => void phone.call(field.value, media);
  const audio = h(
    'button',
    { type: 'submit', class: 'call-button', aria: { label: 'Call' } },
    icon('phone'),
    h('span', {}, 'Call'),
  );
  const video = h(
    'button',
    { type: 'button', class: 'secondary', on: { click: () => call('audio and video') }, aria: { label: 'Call with video' } },
    icon('camera'),
    h('span', {}, 'Video'),
  );
  let registered = false;
  const refresh = (): void => {
    const empty = field.value.trim() === '';
    audio.disabled = video.disabled = empty || !registered;
    erase.classList.toggle('invisible', field.value === '');
  };
  const set = (text: string): void => {
    field.value = text;
    refresh();
    field.focus();
  };
  const type = (digit: string): void => {
    field.value += digit;
    refresh();
  };
  erase.addEventListener('click', () => set(field.value.slice(0, -1)));
  field.addEventListener('input', refresh);
  refresh();
  const element = h(
    'form',
    {
      class: 'card dial',
      on: {
        submit: (event: SubmitEvent) => {
          event.preventDefault();
          if (!audio.disabled) call('audio');
        },
      },
    },
    h('div', { class: 'dial-line' }, field, erase),
    keypad(type),
    h('div', { class: 'dial-buttons' }, audio, video),
  );
  return {
    element,
    type,
    set,
    enable(on) {
      registered = on;
      refresh();
    },
  };
}

interface HistoryCard {
  readonly element: HTMLElement;
  readonly update: (recents: readonly Recent[]) => void;
}

function historyCard(
  pick: (number: string) => void,
  hints: readonly Hint[],
  forget: () => void,
): HistoryCard {
  const list = h('ul', { class: 'list' });
  const clear = h('button', { type: 'button', class: 'plain small', on: { click: forget } }, 'Clear');
  const empty = h('p', { class: 'quiet' }, 'Calls you make and receive appear here.');
  const tries = h(
    'ul',
    { class: 'hints' },
    ...hints.map((hint) =>
      h(
        'li',
        {},
        h(
          'button',
          { type: 'button', class: 'hint', on: { click: () => pick(hint.number) } },
          h('b', {}, hint.number),
          h('span', {}, hint.label),
        ),
      ),
    ),
  );
  const element = h(
    'div',
    { class: 'card history' },
    hints.length > 0 ? h('h2', {}, 'Try') : null,
    hints.length > 0 ? tries : null,
    h('div', { class: 'row' }, h('h2', {}, 'Recent'), clear),
    empty,
    list,
  );
  let shown: readonly Recent[] | null = null;
  const update = (recents: readonly Recent[]): void => {
    if (recents === shown) return;
    shown = recents;
    show(empty, recents.length === 0);
    show(clear, recents.length > 0);
    list.replaceChildren(...recents.map((recent) => recentItem(recent, pick)));
  };
  return { element, update };
}

function recentItem(recent: Recent, pick: (number: string) => void): HTMLElement {
  const missed = recent.direction === 'in' && !recent.answered;
  const way = missed ? 'Missed' : recent.direction === 'in' ? 'Incoming' : 'Outgoing';
  const when = new Date(recent.at);
  const today = when.toDateString() === new Date().toDateString();
  const time = today
    ? when.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : when.toLocaleDateString([], { day: 'numeric', month: 'short' });
  return h(
    'li',
    {},
    h(
      'button',
      {
        type: 'button',
        class: missed ? 'recent missed' : 'recent',
        aria: { label: `${way} call, ${recent.name}, ${time}. Put into the dial field.` },
        on: { click: () => pick(recent.number) },
      },
      h('span', { class: 'avatar small', aria: { hidden: 'true' } }, initials(recent.name)),
      h('span', { class: 'recent-name' }, recent.name),
      h('span', { class: 'recent-way' }, icon(recent.direction === 'in' ? 'incoming' : 'outgoing'), way),
      h('time', { dateTime: when.toISOString() }, time),
    ),
  );
}
