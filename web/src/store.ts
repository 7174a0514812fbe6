// Holds the current state, applies events to it, tells the listeners. Nothing else changes state.

import type { Event, PhoneState } from './state.ts';
import { initialState, reduce } from './state.ts';

export type Listener = (state: PhoneState, event: Event) => void;

export class Store {
  #state: PhoneState = initialState;
  readonly #listeners = new Set<Listener>();

  get state(): PhoneState {
    return this.#state;
  }

  dispatch(event: Event): void {
    const next = reduce(this.#state, event);
    if (next === this.#state) return;
    this.#state = next;
    for (const listener of this.#listeners) listener(next, event);
  }

  /** Calls `listener` after every change; returns a function that ends it. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
