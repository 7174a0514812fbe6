// Which key does what. Pure: the listener in app.ts asks and obeys.

import type { Phase } from '../state.ts';

export type Action =
  | { readonly kind: 'dial'; readonly digit: string }
  | { readonly kind: 'tone'; readonly digit: string }
  | { readonly kind: 'answer' }
  | { readonly kind: 'hang-up' }
  | { readonly kind: 'mute' }
  | { readonly kind: 'hold' }
  | { readonly kind: 'camera' }
  | { readonly kind: 'transfer' }
  | { readonly kind: 'none' };

/** The list shown in the settings. */
export const SHORTCUTS: readonly (readonly [string, string])[] = [
  ['0–9 * #', 'dial; in a call: send tones'],
  ['Enter', 'call, or answer'],
  ['Esc', 'hang up, cancel, or decline'],
  ['M', 'mute'],
  ['H', 'hold'],
  ['V', 'camera'],
  ['T', 'transfer'],
];

const NONE: Action = { kind: 'none' };

/**
 * The action for `key`. `typing`: an input field or an open dialog has the keyboard, which then
 * keeps everything; `pressable`: a button or link has the focus, which keeps Enter.
 */
export function actionOf(
  key: string,
  phase: Phase | null,
  focus: { readonly typing: boolean; readonly pressable: boolean },
): Action {
  if (focus.typing) return NONE;
  const inCall = phase !== null && phase !== 'ended';
  if (key === 'Escape') return inCall ? { kind: 'hang-up' } : NONE;
  if (key === 'Enter') {
    return phase === 'incoming' && !focus.pressable ? { kind: 'answer' } : NONE;
  }
  if (/^[0-9*#]$/.test(key)) {
    if (phase === null || phase === 'ended') return { kind: 'dial', digit: key };
    return phase === 'talking' ? { kind: 'tone', digit: key } : NONE;
  }
  if (phase !== 'talking') return NONE;
  switch (key.toLowerCase()) {
    case 'm':
      return { kind: 'mute' };
    case 'h':
      return { kind: 'hold' };
    case 'v':
      return { kind: 'camera' };
    case 't':
      return { kind: 'transfer' };
    default:
      return NONE;
  }
}
