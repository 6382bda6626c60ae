// The tenant's statuses by the minute, for the chart. Pure.

import type { TenantMinute } from '../types.ts';

export const MINUTE_MS = 60_000;
export const SHOWN_MINUTES = 60;

/** Each minute from the first to the current one, at most 60, including minutes without statuses. */
export function minutesUntil(nowMs: number, minutes: readonly TenantMinute[], sinceMs: number): readonly TenantMinute[] {
  const minuteOf = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS;
  const last = minuteOf(nowMs);
  const first = Math.max(minuteOf(sinceMs), last - (SHOWN_MINUTES - 1) * MINUTE_MS);
  const known = new Map(minutes.map((minute) => [minute.startMs, minute]));
  const count = Math.max(0, Math.round((last - first) / MINUTE_MS) + 1);
  return Array.from({ length: count }, (_, index) => {
    const startMs = first + index * MINUTE_MS;
    return known.get(startMs) ?? { startMs, statuses: 0, endedJobs: 0 };
  });
}

export interface Rate {
  /** The number in the last complete minute; null if there is none yet. */
  readonly lastMinute: number | null;
  readonly most: number;
  readonly total: number;
}

/** The sums over the minutes, including the current one. */
export function rateOf(numbers: readonly number[]): Rate {
  return {
    lastMinute: numbers.at(-2) ?? null,
    most: Math.max(0, ...numbers),
    total: numbers.reduce((sum, number) => sum + number, 0),
  };
}
