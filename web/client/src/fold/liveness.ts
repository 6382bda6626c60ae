// Liveness, derived from time alone: a lease that is not renewed in time makes a job or an agent stale, then lost.

import type { AgentState, Job, Liveness, OverallStatus } from '../types.ts';
import { msOf } from './numbers.ts';

/** How long something stays stale before it counts as lost. */
const LOST_AFTER_MS = 240_000;

/** What a reader at `now` (epoch seconds) makes of a job; null for a job that has no status yet. */
export function jobLiveness(
  head: { readonly overallStatus: OverallStatus; readonly leaseMs: number | null },
  now: number
): Liveness | null {
  return ofLease(head.leaseMs, head.overallStatus === 'completed' || head.overallStatus === 'failed', now * 1000);
}

/** What a reader at `now` (epoch seconds) makes of one agent of `job`; null while it is pending. */
export function agentLiveness(agent: AgentState, job: Pick<Job, 'overallStatus'>, now: number): Liveness | null {
  const ended = agent.status === 'success' || agent.status === 'error';
  const over = job.overallStatus === 'completed' || job.overallStatus === 'failed';
  return ofLease(msOf(agent.leaseExpiresAt), ended || over, now * 1000);
}

/** When `liveness` changes next by time alone, in epoch milliseconds; null: never. */
export function nextLivenessChange(leaseMs: number | null, nowMs: number): number | null {
  if (leaseMs === null || nowMs >= leaseMs + LOST_AFTER_MS) {
    return null;
  }
  return nowMs < leaseMs ? leaseMs : leaseMs + LOST_AFTER_MS;
}

function ofLease(leaseMs: number | null, ended: boolean, nowMs: number): Liveness | null {
  if (ended) {
    return 'ended';
  }
  if (leaseMs === null) {
    return null;
  }
  if (nowMs < leaseMs) {
    return 'live';
  }
  return nowMs < leaseMs + LOST_AFTER_MS ? 'stale' : 'lost';
}
