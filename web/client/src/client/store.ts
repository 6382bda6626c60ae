// A state with listeners: immutable, the same object until it changes.

import type { Environment } from './environment.ts';

export interface Watch<State> {
  getState(): State;
  /** Call the listener at each change. Returns a function that stops it. */
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

  /** `build` returns the state after `before`, or `before` itself if nothing has changed. */
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

  /** Call the listeners once, after the current code, because the state may have changed. */
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
          this.#environment.report(error); // an error of this listener must not stop the others
        }
      }
    }
  }
}

/** `before` if all its fields equal those of `next`, otherwise `next`. */
export function unchanged<State extends object>(before: State, next: State): State {
  const names = Object.keys(next) as (keyof State)[];
  return names.every((name) => Object.is(before[name], next[name])) ? before : next;
}
