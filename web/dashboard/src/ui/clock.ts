// The page's clock: one timer for everything that ticks, and none when nothing does.

import { useSyncExternalStore } from 'react';

const TICK_MS = 500;

class Clock {
  #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;
  now = Date.now();

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    this.now = Date.now();
    this.#timer ??= setInterval(() => {
      this.now = Date.now();
      for (const each of this.#listeners) {
        each();
      }
    }, TICK_MS);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    };
  };
}

const clock = new Clock();
const neverTells = () => () => undefined;

/** Epoch milliseconds, twice a second; while `isTicking` is false it stands and costs nothing. */
export function useNow(isTicking = true): number {
  return useSyncExternalStore(isTicking ? clock.subscribe : neverTells, () => clock.now);
}
