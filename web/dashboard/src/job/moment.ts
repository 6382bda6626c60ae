// The moment of a job that the page shows: the present, or one of its past.

import { isOver } from '@statusbeam/client';
import { createContext, useContext } from 'react';
import type { Job, StatusUpdate } from '../types.ts';
import { useNow } from '../ui/clock.ts';
import type { History } from './history.ts';

export interface Moment {
  readonly job: Job;
  readonly history: History;
  /** The log up to this moment. */
  readonly updates: readonly StatusUpdate[];
  /** Epoch milliseconds of a past moment; null for the present, where the clock counts. */
  readonly atMs: number | null;
  /** Since when the page receives no status; null while it does. */
  readonly disconnectedSinceMs: number | null;
}

const PastContext = createContext<number | null>(null);

export const PastProvider = PastContext.Provider;

/** The time at the shown moment. It ticks only in the present, and only on request. */
export function useMomentMs(isTicking: boolean): number {
  const past = useContext(PastContext);
  const now = useNow(isTicking && past === null);
  return past ?? now;
}

/** When the run that is shown began. */
export function runStart({ job, updates }: Pick<Moment, 'job' | 'updates'>): string | null {
  const opening = job.run > 1 ? updates.find(({ sequence }) => sequence === job.runFirstSequence) : undefined;
  return opening?.timestamp ?? job.createdAt;
}

/** The status that ended the job; null while it is running. Later statuses do not count. */
export function endOf({ job, updates }: Pick<Moment, 'job' | 'updates'>): StatusUpdate | null {
  const isEnd = ({ type, metadata }: StatusUpdate) => (type === 'complete' || type === 'error') && metadata?.afterEnd !== true;
  return isOver(job) ? (updates.findLast(isEnd) ?? null) : null;
}
