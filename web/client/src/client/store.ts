// Something that is watched: an immutable state, the same object until it changes.

import type { Environment } from './environment.ts';

export interface Watch<State> {
  getState(): State;
  /** Be told of each change; gives a function that ends it. */
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

  /** Something may have changed: listeners are told once, after the code that runs now. */
  touch(): void {
    const before = this.#isDirty ? null : this.#state;
    this.#isDirty = true;
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.#environment.defer(() => this.#tell(before));
    }
  }

  subscribe(listener: (state: State) => void): () => void {
    // A function of its own, so that one listener may subscribe twice.
    const told = (state: State) => listener(state);
    this.#listeners.add(told);
    return () => this.#listeners.delete(told);
  }

  #tell(before: State | null): void {
    this.#isScheduled = false;
    const state = this.get();
    if (state !== before) {
      for (const listener of [...this.#listeners]) {
        try {
          listener(state);
        } catch (error) {
          this.#environment.report(error); // its mistake, not that of those who are told after it
        }
      }
    }
  }
}

/** `next` with the fields of `before` where they are the same; `before` itself where all are. */
export function kept<State extends object>(before: State, next: State): State {
  const names = Object.keys(next) as (keyof State)[];
  return names.every((name) => Object.is(before[name], next[name])) ? before : next;
}
