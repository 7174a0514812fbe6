// The twelve keys, for dialling and for tones in a call.

import { h } from './dom.ts';

const KEYS: readonly (readonly [string, string])[] = [
  ['1', ''],
  ['2', 'ABC'],
  ['3', 'DEF'],
  ['4', 'GHI'],
  ['5', 'JKL'],
  ['6', 'MNO'],
  ['7', 'PQRS'],
  ['8', 'TUV'],
  ['9', 'WXYZ'],
  ['*', ''],
  ['0', '+'],
  ['#', ''],
];

const SPOKEN: Readonly<Record<string, string>> = { '*': 'star', '#': 'pound' };

export function keypad(press: (digit: string) => void): HTMLElement {
  return h(
    'div',
    { class: 'keypad', role: 'group', aria: { label: 'Keypad' } },
    ...KEYS.map(([digit, letters]) =>
      h(
        'button',
        {
          type: 'button',
          class: 'key',
          aria: { label: SPOKEN[digit] ?? digit },
          data: { digit },
          on: { click: () => press(digit) },
        },
        h('b', {}, digit),
        h('small', {}, letters),
      ),
    ),
  );
}
