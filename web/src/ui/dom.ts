// Small helpers to build elements. Views build their elements once and only change texts and
// attributes afterwards: focus stays where it is and nothing jumps.

import type { PhoneState } from '../state.ts';
import type { IconName } from './icons.ts';
import { ICONS } from './icons.ts';

/** A part of the screen that follows the state. */
export interface View {
  readonly element: HTMLElement;
  update(state: PhoneState): void;
}

type Child = Node | string | null;

type Props<T> = {
  [K in keyof T]?: T[K];
} & {
  readonly class?: string;
  readonly on?: { readonly [name: string]: (event: never) => void };
  readonly aria?: { readonly [name: string]: string };
  readonly data?: { readonly [name: string]: string };
};

/** Makes an element: `h('button', { class: 'round', on: { click } }, 'Call')`. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props<HTMLElementTagNameMap[K]> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  const { class: className, on, aria, data, ...rest } = props;
  if (className) element.className = className;
  for (const [name, value] of Object.entries(aria ?? {})) element.setAttribute(`aria-${name}`, value);
  for (const [name, value] of Object.entries(data ?? {})) element.dataset[name] = value;
  for (const [name, listener] of Object.entries(on ?? {})) {
    element.addEventListener(name, listener as (event: Event) => void);
  }
  Object.assign(element, rest);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A line drawing; hidden from screen readers, whose words are on the button. */
export function icon(name: IconName): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  for (const path of ICONS[name]) {
    const line = document.createElementNS(space, 'path');
    line.setAttribute('d', path);
    svg.append(line);
  }
  return svg;
}

/** Sets a text only when it differs, so that live regions speak once. */
export function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows or hides an element together with its place. */
export function show(element: HTMLElement, visible: boolean): void {
  if (element.hidden === visible) element.hidden = !visible;
}

/** The first letters of a name, for the round picture of a caller. */
export function initials(name: string): string {
  const letters = name
    .split(/[\s._-]+/)
    .filter((part) => /^\p{L}/u.test(part))
    .map((part) => [...part][0] ?? '')
    .slice(0, 2)
    .join('');
  return letters ? letters.toUpperCase() : '#';
}
