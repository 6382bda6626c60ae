// Which jobs of a tenant are shown, and how many there are of each kind. Pure.

import type { StatusUpdate, TenantJob } from '../types.ts';

export type State = 'all' | 'running' | 'failed' | 'completed';

const LEASE_MS = 75_000;

const isRunning = ({ overallStatus }: TenantJob): boolean => overallStatus === 'initializing' || overallStatus === 'processing';

/** Whether a job is of a state and says what is searched for (in small letters). */
export function fits(job: TenantJob, state: State, search: string): boolean {
  if (state !== 'all' && (state === 'running' ? !isRunning(job) : job.overallStatus !== state)) {
    return false;
  }
  return (
    search === '' || `${job.jobId} ${job.userId} ${job.last.agentName ?? ''} ${job.last.message}`.toLowerCase().includes(search)
  );
}

/** How many jobs stand how. */
export function sumsOf(jobs: readonly TenantJob[]): { running: number; completed: number; failed: number; users: number } {
  return {
    running: jobs.filter(isRunning).length,
    completed: jobs.filter(({ overallStatus }) => overallStatus === 'completed').length,
    failed: jobs.filter(({ overallStatus }) => overallStatus === 'failed').length,
    users: new Set(jobs.map(({ userId }) => userId)).size,
  };
}

/** Until when silence after a job's newest status is normal, as far as that one tells. */
export function leaseOf({ timestamp, metadata }: StatusUpdate): string {
  const seconds = metadata?.leaseSeconds;
  const lease = typeof seconds === 'number' && seconds >= 0 && seconds <= 86_400 ? Math.max(LEASE_MS, seconds * 1000) : LEASE_MS;
  return new Date(Date.parse(timestamp) + lease).toISOString();
}
