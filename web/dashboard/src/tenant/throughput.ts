// How much the tenant reports by the minute, ready to be drawn. Pure.

import type { TenantMinute } from '../types.ts';

export const MINUTE_MS = 60_000;
export const SHOWN_MINUTES = 60;

/** Each minute from the first to the current one, at most 60, also those in which nothing was reported. */
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
  /** In the last minute that is over; null before there is one. */
  readonly lastMinute: number | null;
  readonly most: number;
  readonly total: number;
}

/** The sums over the minutes; the last minute is not over yet. */
export function rateOf(numbers: readonly number[]): Rate {
  return {
    lastMinute: numbers.at(-2) ?? null,
    most: Math.max(0, ...numbers),
    total: numbers.reduce((sum, number) => sum + number, 0),
  };
}
