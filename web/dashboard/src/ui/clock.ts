// The page's clock: one timer for all ticking elements, and none without them. It follows the service's time, because by a
// wrong clock of the machine the page would show wrong ages, and a lost agent as running.

import { createContext, useContext, useMemo, useState, useSyncExternalStore } from 'react';

const TICK_MS = 500;

export class Clock {
  #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly read: () => number;
  now: number;

  /** `read` gives epoch milliseconds. */
  constructor(read: () => number) {
    this.read = read;
    this.now = read();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    this.now = this.read();
    this.#timer ??= setInterval(() => {
      this.now = this.read();
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

const ClockContext = createContext(new Clock(Date.now));

export const ClockProvider = ClockContext.Provider;

const noSubscription = () => () => undefined;

/** Epoch milliseconds, twice a second; while `isTicking` is false it does not change and costs nothing. */
export function useNow(isTicking = true): number {
  const clock = useContext(ClockContext);
  return useSyncExternalStore(isTicking ? clock.subscribe : noSubscription, () => clock.now);
}

/** The moment in which the component was mounted, in epoch milliseconds. */
export function useMountedMs(): number {
  const clock = useContext(ClockContext);
  return useState(clock.read)[0];
}

/**
 * The time since which the page receives no status, in epoch milliseconds; null while it does. Without a connection the client
 * polls, so the page is disconnected only while its requests also fail.
 */
export function useDisconnectedSince(connection: string, isFailing = true): number | null {
  const clock = useContext(ClockContext);
  const isBroken = connection !== 'live' && connection !== 'delayed';
  const brokeAt = useMemo(() => (isBroken ? clock.read() : null), [isBroken, clock]);
  return isFailing ? brokeAt : null;
}
