// Which jobs of a tenant are shown, in what state, and how many there are of each kind. Pure.

import { jobLivenessAt } from '../job/liveness.ts';
import { isWanted, type StateFilter } from '../jobs/jobFilter.ts';
import type { StatusUpdate, TenantJob } from '../types.ts';
import { groupOf, jobState, type ShownState } from '../words.ts';

const LEASE_MS = 75_000;

export interface ShownJob {
  job: TenantJob;
  state: ShownState;
}

/** A job with the state to show, as far as its newest status tells. */
export function shownJob(job: TenantJob, nowMs: number, deafSinceMs: number | null): ShownJob {
  const { overallStatus, sequence, last } = job;
  const liveness = jobLivenessAt({ overallStatus, leaseExpiresAt: leaseOf(last) }, nowMs, deafSinceMs);
  return { job, state: jobState(overallStatus, sequence, liveness) };
}

/** Whether a job is wanted and says what is searched for (in small letters). */
export function fits({ job, state }: ShownJob, filter: StateFilter, search: string): boolean {
  const text = `${job.jobId} ${job.userId} ${job.last.agentName ?? ''} ${job.last.message}`.toLowerCase();
  return isWanted(filter, state) && text.includes(search);
}

/** How many jobs stand how. */
export function sumsOf(jobs: readonly ShownJob[]): Record<'running' | 'silent' | 'failed' | 'done' | 'users', number> {
  const count = (group: string) => jobs.filter(({ state }) => groupOf(state) === group).length;
  return {
    running: count('running'),
    silent: count('silent'),
    failed: count('failed'),
    done: count('done'),
    users: new Set(jobs.map(({ job }) => job.userId)).size,
  };
}

/** Until when silence after a job's newest status is normal, as far as that one tells. */
export function leaseOf({ timestamp, metadata }: StatusUpdate): string {
  const seconds = metadata?.leaseSeconds;
  const lease = typeof seconds === 'number' && seconds >= 0 && seconds <= 86_400 ? Math.max(LEASE_MS, seconds * 1000) : LEASE_MS;
  return new Date(Date.parse(timestamp) + lease).toISOString();
}
