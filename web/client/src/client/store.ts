// A state with listeners: immutable, the same object until it changes.

import type { Environment } from './environment.ts';

export interface Watch<State> {
  getState(): State;
  /** Calls the listener at each change; gives a function that ends it. */
  subscribe(listener: (state: State) => void): () => void;
  close(): void;
}

export class Store<State> {
  #state: State;
  #build: (before: State) => State;
  #environment: Pick<Environment, 'defer' | 'report'>;
  #listeners = new Set<(state: State) => void>();
  #isDirty = false;
  #isScheduled = false;

  /** `build` gives the state that follows `before`, or `before` itself when nothing changed. */
  constructor(first: State, build: (before: State) => State, environment: Pick<Environment, 'defer' | 'report'>) {
    this.#state = first;
    this.#build = build;
    this.#environment = environment;
  }

  get(): State {
    if (this.#isDirty) {
      this.#isDirty = false;
      this.#state = this.#build(this.#state);
    }
    return this.#state;
  }

  /** The state may have changed: listeners are called once, after the code that runs now. */
  changed(): void {
    const before = this.#isDirty ? null : this.#state;
    this.#isDirty = true;
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.#environment.defer(() => this.#notify(before));
    }
  }

  subscribe(listener: (state: State) => void): () => void {
    // A function of its own, so that one listener may subscribe twice.
    const own = (state: State) => listener(state);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  #notify(before: State | null): void {
    this.#isScheduled = false;
    const state = this.get();
    if (state !== before) {
      for (const listener of [...this.#listeners]) {
        try {
          listener(state);
        } catch (error) {
          this.#environment.report(error); // the mistake of this listener must not keep the others from being called
        }
      }
    }
  }
}

/** `before` where each field of `next` is the same, otherwise `next`. */
export function unchanged<State extends object>(before: State, next: State): State {
  const names = Object.keys(next) as (keyof State)[];
  return names.every((name) => Object.is(before[name], next[name])) ? before : next;
}
