// Liveness follows from time alone: without a renewed lease, a job or an agent becomes stale, then lost.

import type { AgentState, Job, Liveness, OverallStatus } from '../types.ts';
import { msOf } from './numbers.ts';

/** How long a job or an agent is stale before it is lost. */
const LOST_AFTER_MS = 240_000;

export function isOver(job: { readonly overallStatus: OverallStatus }): boolean {
  return job.overallStatus !== 'initializing' && job.overallStatus !== 'processing';
}

/** The liveness of a job at `now` (epoch seconds); null for a job that has no status yet. */
export function jobLiveness(job: Pick<Job, 'overallStatus' | 'leaseExpiresAt' | 'waiting'>, now: number): Liveness | null {
  return livenessOf(msOf(job.leaseExpiresAt), job.waiting !== null, isOver(job), now * 1000);
}

/** The liveness of one agent of `job` at `now` (epoch seconds); null while it is pending. */
export function agentLiveness(
  agent: Pick<AgentState, 'status' | 'leaseExpiresAt' | 'waiting'>,
  job: Pick<Job, 'overallStatus'>,
  now: number
): Liveness | null {
  const ended = agent.status !== 'pending' && agent.status !== 'in-progress';
  return livenessOf(msOf(agent.leaseExpiresAt), agent.waiting !== null, ended || isOver(job), now * 1000);
}

export function livenessOf(leaseMs: number | null, isWaiting: boolean, ended: boolean, nowMs: number): Liveness | null {
  if (ended) {
    return 'ended';
  }
  if (isWaiting) {
    return 'waiting';
  }
  if (leaseMs === null) {
    return null;
  }
  if (nowMs < leaseMs) {
    return 'live';
  }
  return nowMs < leaseMs + LOST_AFTER_MS ? 'stale' : 'lost';
}

/** The next moment at which time alone changes a liveness, in epoch milliseconds; Infinity: never. */
export function nextChange(leaseMs: number | null, nowMs: number): number {
  if (leaseMs === null || nowMs >= leaseMs + LOST_AFTER_MS) {
    return Number.POSITIVE_INFINITY;
  }
  return nowMs < leaseMs ? leaseMs : leaseMs + LOST_AFTER_MS;
}
