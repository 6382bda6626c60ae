// Which jobs of a tenant are shown, in what state, and how many there are of each kind. Pure.

import { jobLivenessAt } from '../job/liveness.ts';
import { isWanted, type StateFilter } from '../jobs/jobFilter.ts';
import { groupOf, jobState, type ShownState } from '../labels.ts';
import type { StatusUpdate, TenantJob } from '../types.ts';

const LEASE_MS = 75_000;

export interface ShownJob {
  job: TenantJob;
  state: ShownState;
}

/** A job with the state to show, by its newest status alone. */
export function shownJob(job: TenantJob, nowMs: number, disconnectedSinceMs: number | null): ShownJob {
  const { overallStatus, sequence, last } = job;
  const liveness = jobLivenessAt({ overallStatus, leaseExpiresAt: leaseOf(last) }, nowMs, disconnectedSinceMs);
  return { job, state: jobState(overallStatus, sequence, liveness) };
}

/** Whether a job passes the filter and contains the search text (in lower case). */
export function fits({ job, state }: ShownJob, filter: StateFilter, search: string): boolean {
  const text = `${job.jobId} ${job.userId} ${job.last.agentName ?? ''} ${job.last.message}`.toLowerCase();
  return isWanted(filter, state) && text.includes(search);
}

/** How many jobs are in each group. */
export function sumsOf(jobs: readonly ShownJob[]): Record<'running' | 'silent' | 'failed' | 'completed' | 'users', number> {
  const count = (group: string) => jobs.filter(({ state }) => groupOf(state) === group).length;
  return {
    running: count('running'),
    silent: count('silent'),
    failed: count('failed'),
    completed: count('completed'),
    users: new Set(jobs.map(({ job }) => job.userId)).size,
  };
}

/** Until when silence after a job's newest status is normal, by that status alone. */
export function leaseOf({ timestamp, metadata }: StatusUpdate): string {
  const seconds = metadata?.leaseSeconds;
  const lease = typeof seconds === 'number' && seconds >= 0 && seconds <= 86_400 ? Math.max(LEASE_MS, seconds * 1000) : LEASE_MS;
  return new Date(Date.parse(timestamp) + lease).toISOString();
}
