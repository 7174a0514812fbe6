// Handing a call over: the field for whom, and the bar about the call that waits meanwhile.

import type { Phone } from '../phone.ts';
import type { PhoneState } from '../state.ts';
import { h, say, show } from './dom.ts';

export interface TransferView {
  /** The panel over the picture area. */
  readonly panel: HTMLElement;
  /** The bar about the call on hold. */
  readonly bar: HTMLElement;
  /** Whether a call can be handed over now. */
  readonly possible: boolean;
  open(on: boolean): void;
  update(state: PhoneState): void;
}

export function transferView(phone: Phone): TransferView {
  const field = h('input', {
    class: 'input',
    name: 'transfer-to',
    type: 'text',
    placeholder: 'Number or name',
    autocomplete: 'off',
    spellcheck: false,
    aria: { label: 'Transfer to' },
    on: {
      keydown: (event: KeyboardEvent) => {
        if (event.key === 'Escape') open(false);
      },
    },
  });
  const now = h('button', { type: 'submit', class: 'primary' }, 'Transfer');
  const ask = h(
    'button',
    {
      type: 'button',
      class: 'secondary',
      on: { click: () => leave((target) => void phone.consult(target)) },
    },
    'Ask first',
  );
  const panel = h(
    'form',
    {
      class: 'tone-pad transfer-pad',
      hidden: true,
      on: {
        submit: (event: SubmitEvent) => {
          event.preventDefault();
          leave((target) => phone.transfer(target));
        },
      },
    },
    field,
    h('div', { class: 'transfer-buttons' }, now, ask),
  );
  const words = h('span', {});
  const complete = h(
    'button',
    { type: 'button', class: 'primary', on: { click: () => phone.completeTransfer() } },
    'Connect them',
  );
  const back = h(
    'button',
    { type: 'button', class: 'secondary', on: { click: () => phone.hangUp() } },
    'Back',
  );
  const bar = h('div', { class: 'waiting', hidden: true, role: 'status' }, words, complete, back);

  const leave = (use: (target: string) => void): void => {
    const target = field.value.trim();
    if (target === '') return field.focus();
    open(false);
    use(target);
  };
  const open = (on: boolean): void => {
    show(panel, on);
    if (!on) return;
    field.value = '';
    field.focus();
  };
  let possible = false;
  const update = ({ call, waiting }: PhoneState): void => {
    possible = call?.phase === 'talking' && !call.transferring && waiting === null;
    if (!possible) show(panel, false);
    show(bar, waiting !== null);
    if (!waiting) return;
    say(words, waiting.transferring ? `Transferring ${waiting.name}…` : `${waiting.name} is on hold`);
    complete.disabled = call?.phase !== 'talking' || waiting.transferring;
    back.disabled = call?.phase === 'ended' || waiting.transferring;
  };
  return {
    panel,
    bar,
    get possible() {
      return possible;
    },
    open,
    update,
  };
}
