// A call in progress: picture area, buttons, tones, transfer, quality, timer.

import type { Phone } from '../phone.ts';
import { duration } from '../quality.ts';
import type { Call, PhoneState } from '../state.ts';
import type { View } from './dom.ts';
import { h, icon, say, show } from './dom.ts';
import type { IconName } from './icons.ts';
import { keypad } from './keypad.ts';
import { qualityPanel } from './quality-panel.ts';
import { stage } from './stage.ts';
import type { TransferView } from './transfer.ts';
import { transferView } from './transfer.ts';

export interface InCallView extends View {
  /** Asks whom to hand the call over to, if it can be. */
  openTransfer(): void;
}

export function inCallView(phone: Phone, openSettings: () => void): InCallView {
  const picture = stage();
  const quality = qualityPanel();
  const timer = h('time', { class: 'timer', aria: { label: 'Duration of the call' } });
  const tones = h('output', { class: 'tones', aria: { live: 'off', label: 'Tones sent' } });
  const pad = h(
    'div',
    { class: 'tone-pad', hidden: true },
    tones,
    keypad((digit) => press(digit)),
  );
  const press = (digit: string): void => {
    phone.sendTones(digit);
    say(tones, `${tones.textContent ?? ''}${digit}`.slice(-16));
  };
  const transfer = transferView(phone);
  const controls = buttons(phone, openSettings, pad, transfer);
  const element = h(
    'section',
    { class: 'in-call', tabIndex: -1, aria: { label: 'Call' } },
    h('div', { class: 'card call-card' }, transfer.bar, picture.element, pad, transfer.panel, timer, controls.element),
    quality.element,
  );

  let current: Call | null = null;
  setInterval(() => tick(), 500);
  const tick = (): void => {
    const since = current?.answeredAt;
    if (since == null || current?.phase === 'ended') return;
    say(timer, duration(Date.now() - since));
  };

  const update = (state: PhoneState): void => {
    const { call } = state;
    const visible = call !== null && call.phase !== 'incoming';
    const appeared = visible && element.hidden;
    show(element, visible);
    if (!call || !visible) {
      current = null;
      return;
    }
    if (call.id !== current?.id) {
      say(tones, '');
      say(timer, call.answeredAt === null ? '' : '00:00');
      show(pad, false);
      transfer.open(false);
    }
    if (call.phase === 'ended') show(pad, false);
    current = call;
    transfer.update(state);
    picture.update(call);
    controls.update(call);
    quality.update(call.quality);
    tick();
    if (appeared) element.focus({ preventScroll: true });
  };
  return { element, update, openTransfer: () => controls.transfer() };
}

interface Toggle {
  readonly element: HTMLButtonElement;
  readonly set: (on: boolean, enabled: boolean) => void;
}

/** A round button with two states; `words` and `drawings` are for off and on. */
function toggle(
  words: readonly [string, string],
  drawings: readonly [IconName, IconName],
  flip: (on: boolean) => void,
): Toggle {
  let state = false;
  const label = h('span', {}, words[0]);
  const glyph = h('i', {}, icon(drawings[0]));
  const element = h(
    'button',
    {
      type: 'button',
      class: 'control',
      on: { click: () => flip(!state) },
    },
    glyph,
    label,
  );
  const set = (on: boolean, enabled: boolean): void => {
    element.disabled = !enabled;
    if (on === state) return;
    state = on;
    element.classList.toggle('on', on);
    say(label, words[on ? 1 : 0]);
    glyph.replaceChildren(icon(drawings[on ? 1 : 0]));
  };
  return { element, set };
}

function buttons(
  phone: Phone,
  openSettings: () => void,
  pad: HTMLElement,
  handOver: TransferView,
): {
  readonly element: HTMLElement;
  readonly update: (call: Call) => void;
  readonly transfer: () => void;
} {
  const mute = toggle(['Mute', 'Unmute'], ['microphone', 'microphone-off'], (on) => phone.setMuted(on));
  const camera = toggle(['Start video', 'Stop video'], ['camera-off', 'camera'], (on) => phone.setCamera(on));
  const hold = toggle(['Hold', 'Resume'], ['pause', 'resume'], (on) => phone.setHeld(on));
  const tones = toggle(['Keypad', 'Keypad'], ['keypad', 'close'], (on) => {
    if (on) transfer.set(false, handOver.possible);
    if (on) handOver.open(false);
    show(pad, on);
    tones.set(on, true);
    tones.element.setAttribute('aria-expanded', String(on));
    if (on) pad.querySelector('button')?.focus();
  });
  const transfer = toggle(['Transfer', 'Transfer'], ['transfer', 'close'], (on) => {
    if (on && !handOver.possible) return;
    if (on) show(pad, false);
    if (on) tones.set(false, true);
    handOver.open(on);
    transfer.set(on, true);
    transfer.element.setAttribute('aria-expanded', String(on));
  });
  const devices = h(
    'button',
    { type: 'button', class: 'control', on: { click: openSettings } },
    h('i', {}, icon('settings')),
    h('span', {}, 'Devices'),
  );
  const hangUp = h(
    'button',
    { type: 'button', class: 'control hang-up', on: { click: () => phone.hangUp() } },
    h('i', {}, icon('hang-up')),
    h('span', {}, 'Hang up'),
  );
  const element = h(
    'div',
    { class: 'controls', role: 'toolbar', aria: { label: 'Call controls' } },
    mute.element,
    camera.element,
    hold.element,
    tones.element,
    transfer.element,
    devices,
    hangUp,
  );
  const update = (call: Call): void => {
    const talking = call.phase === 'talking';
    mute.set(call.muted, talking);
    camera.set(call.localVideo !== null, talking && !call.heldHere);
    hold.set(call.heldHere, talking);
    tones.set(!pad.hidden, talking || (call.earlyMedia && call.phase !== 'ended'));
    transfer.set(!handOver.panel.hidden, handOver.possible);
    hangUp.disabled = call.phase === 'ended';
  };
  return { element, update, transfer: () => transfer.element.click() };
}
