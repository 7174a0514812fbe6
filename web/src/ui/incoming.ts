// Somebody rings: who it is, and answer, answer with video, decline.

import type { Phone } from '../phone.ts';
import type { PhoneState } from '../state.ts';
import { phaseWords } from '../state.ts';
import type { View } from './dom.ts';
import { h, icon, initials, say, show } from './dom.ts';

export function incomingView(phone: Phone): View {
  const avatar = h('div', { class: 'avatar large ringing', aria: { hidden: 'true' } });
  const name = h('h1', {});
  const number = h('p', { class: 'quiet' });
  const what = h('p', { class: 'phase' });
  const button = (
    label: string,
    look: string,
    drawing: 'phone' | 'camera' | 'hang-up',
    click: () => void,
  ): HTMLButtonElement =>
    h('button', { type: 'button', class: `answer ${look}`, on: { click } }, icon(drawing), h('span', {}, label));
  const answer = button('Answer', 'accept', 'phone', () => void phone.answer('audio'));
  const video = button('With video', 'accept', 'camera', () => void phone.answer('audio and video'));
  const decline = button('Decline', 'decline', 'hang-up', () => phone.hangUp());
  const element = h(
    'section',
    { class: 'card incoming', role: 'alertdialog', aria: { label: 'Incoming call' } },
    avatar,
    what,
    name,
    number,
    h('div', { class: 'answers' }, decline, answer, video),
  );
  const update = ({ call }: PhoneState): void => {
    const visible = call?.phase === 'incoming';
    const appeared = visible && element.hidden;
    show(element, visible);
    if (!visible || !call) return;
    say(avatar, initials(call.name));
    say(name, call.name);
    say(number, call.name === call.number ? '' : call.number);
    say(what, phaseWords(call));
    if (appeared) answer.focus();
  };
  return { element, update };
}
