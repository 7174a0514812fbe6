// The part of the settings about the network: STUN and TURN servers, and what was found with them.

import type { Phone } from '../phone.ts';
import type { Settings } from '../settings.ts';
import type { PhoneState } from '../state.ts';
import { networkWords } from '../strings.ts';
import { h, say, show } from './dom.ts';

export interface NetworkFields {
  readonly element: HTMLElement;
  /** Shows the settings as they are now. */
  refresh(): void;
  update(state: PhoneState): void;
}

type Field = 'stun' | 'turn' | 'turnUser' | 'turnPassword';

const FIELDS: readonly (readonly [Field, string])[] = [
  ['stun', 'STUN server'],
  ['turn', 'TURN server'],
  ['turnUser', 'User at the TURN server'],
  ['turnPassword', 'Password there'],
];

export function networkFields(phone: Phone): NetworkFields {
  const inputs = FIELDS.map(([name, label]) => {
    const input = h('input', {
      class: 'input',
      name,
      type: name === 'turnPassword' ? 'password' : 'text',
      autocomplete: 'off',
      placeholder: name === 'stun' || name === 'turn' ? 'that of the exchange, if any' : '',
      spellcheck: false,
      on: {
        change: () => phone.configure({ [name]: input.value.trim() } as Partial<Settings>),
      },
    });
    return { name, input, label: h('label', { class: 'field' }, h('span', {}, label), input) };
  });
  const title = h('strong', {});
  const text = h('p', { class: 'quiet' });
  const result = h('div', { class: 'network-result', role: 'status' }, title, text);
  const check = h(
    'button',
    {
      type: 'button',
      class: 'secondary',
      on: {
        click: async () => {
          check.disabled = true;
          say(title, 'Looking…');
          say(text, '');
          await phone.checkNetwork();
          check.disabled = false;
        },
      },
    },
    'Check the network',
  );
  const element = h('div', { class: 'network' }, ...inputs.map(({ label }) => label), result, check);
  return {
    element,
    refresh() {
      for (const { name, input } of inputs) input.value = phone.settings[name];
    },
    update({ network }) {
      show(result, network !== null);
      if (!network) return;
      const words = networkWords(network);
      result.dataset['tone'] = words.tone;
      say(title, words.title);
      say(text, words.text);
    },
  };
}
