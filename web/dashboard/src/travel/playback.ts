// Replays a job: the wait between two of its statuses. Pure.

import type { StatusUpdate } from '../types.ts';

export const SPEEDS = [1, 4, 16] as const;
export type Speed = (typeof SPEEDS)[number];

const LONGEST_MS = 1500; // a long silence is shortened
const SHORTEST_MS = 30;

/** Milliseconds from a status to its next one, at this speed; null at the end. */
export function delayToNext(updates: readonly StatusUpdate[], index: number, speed: Speed): number | null {
  const [now, next] = [updates[index], updates[index + 1]];
  if (!next) {
    return null;
  }
  const gap = now ? Date.parse(next.timestamp) - Date.parse(now.timestamp) : 0;
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (gap || 0) / speed));
}

/** The index of the last status at or before a sequence; -1 when there is none. */
export function indexAt(updates: readonly StatusUpdate[], sequence: number): number {
  let [low, high] = [0, updates.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((updates[middle] as StatusUpdate).sequence <= sequence) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}
