// What silence means, by the client's rules.

import { jobLiveness } from '@statusbeam/client';
import type { Job } from '../types.ts';

/** live, stale, lost or ended at `nowMs`; null without a lease. */
export function livenessAt(leaseExpiresAt: string | null, ended: boolean, nowMs: number): string | null {
  const leaseMs = Date.parse(leaseExpiresAt ?? '');
  return jobLiveness(
    { overallStatus: ended ? 'completed' : 'processing', leaseMs: Number.isNaN(leaseMs) ? null : leaseMs },
    nowMs / 1000
  );
}

export const jobLivenessAt = (job: Pick<Job, 'overallStatus' | 'leaseExpiresAt'>, nowMs: number): string | null =>
  livenessAt(job.leaseExpiresAt, job.overallStatus === 'completed' || job.overallStatus === 'failed', nowMs);
