// Which jobs of a tenant are shown, in what state, and how many there are of each kind. Pure.

import { isOver } from '@statusbeam/client';
import { jobLivenessAt } from '../job/liveness.ts';
import { isWanted, type StateFilter } from '../jobs/jobFilter.ts';
import { groupOf, jobState, type ShownState } from '../labels.ts';
import type { JobCount, OverallStatus, StatusUpdate, TenantJob } from '../types.ts';

const LEASE_MS = 75_000;
const MAX_LEASE_MS = 86_400_000;

export interface ShownJob {
  job: TenantJob;
  state: ShownState;
}

/** A job with the state to show, by its newest status alone. */
export function shownJob(job: TenantJob, nowMs: number, disconnectedSinceMs: number | null): ShownJob {
  const { overallStatus, sequence, last } = job;
  // Without the snapshot nobody knows what else goes on in the job, but a waiting status has no lease.
  if (last.status === 'waiting' && !isOver(job)) {
    return { job, state: 'waiting' };
  }
  const lease = { overallStatus, leaseExpiresAt: leaseOf(last), waiting: null };
  return { job, state: jobState(overallStatus, sequence, jobLivenessAt(lease, nowMs, disconnectedSinceMs)) };
}

/** Whether a job passes the filter and contains the search text (in lower case). */
export function fits({ job, state }: ShownJob, filter: StateFilter, search: string): boolean {
  const text = `${job.jobId} ${job.userId} ${job.last.agentName ?? ''} ${job.last.message}`.toLowerCase();
  return isWanted(filter, state) && text.includes(search);
}

const COUNTED = [
  ['Running', ['initializing', 'processing']],
  ['Failed', ['failed']],
  ['Cancelled', ['cancelled']],
  ['Completed', ['completed']],
] as const satisfies readonly (readonly [string, readonly OverallStatus[]])[];

/** The numbers of the store by name: "12", or "1000+" where it counted no further. */
export function countsOf(counts: readonly JobCount[]): readonly (readonly [string, string])[] {
  return COUNTED.map(([name, states]) => {
    const counted = counts.filter(({ overallStatus }) => (states as readonly OverallStatus[]).includes(overallStatus));
    const sum = counted.reduce((before, { count }) => before + count, 0);
    return [name, counted.every(({ isExact }) => isExact) ? String(sum) : `${sum}+`];
  });
}

/** How many jobs are in each group. */
export function sumsOf(jobs: readonly ShownJob[]): Record<'running' | 'silent' | 'waiting' | 'users', number> {
  const count = (group: string) => jobs.filter(({ state }) => groupOf(state) === group).length;
  return {
    running: count('running'),
    silent: count('silent'),
    waiting: count('waiting'),
    users: new Set(jobs.map(({ job }) => job.userId)).size,
  };
}

/** Until when silence after a job's newest status is normal, by that status alone. */
export function leaseOf({ timestamp, metadata }: StatusUpdate): string {
  const seconds = metadata?.leaseSeconds;
  const lease = typeof seconds === 'number' ? Math.min(Math.max(LEASE_MS, seconds * 1000), MAX_LEASE_MS) : LEASE_MS;
  return new Date(Date.parse(timestamp) + lease).toISOString();
}
