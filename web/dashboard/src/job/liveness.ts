// The liveness to show, by the client's rules.

import { agentLiveness, isOver, jobLiveness } from '@statusbeam/client';
import { agentState, jobState, type ShownState } from '../labels.ts';
import type { AgentState, Job, Liveness } from '../types.ts';

type Known = Pick<Job, 'overallStatus' | 'leaseExpiresAt' | 'waiting'>;

/**
 * live, stale, lost, waiting or ended at `nowMs`; null without a lease. A page without a connection receives no status, so
 * an agent whose lease ended after `disconnectedSinceMs` is unknown.
 */
export const jobLivenessAt = (
  job: Known,
  nowMs: number,
  disconnectedSinceMs: number | null = null
): Liveness | 'unknown' | null => livenessAt((now) => jobLiveness(job, now), nowMs, disconnectedSinceMs);

/** The state to show of a job. */
export function jobStateAt(job: Job, nowMs: number, disconnectedSinceMs: number | null): ShownState {
  const liveness = jobLivenessAt(job, nowMs, disconnectedSinceMs);
  return jobState(job.overallStatus, job.sequence, liveness, job.cancelRequest !== null);
}

/** The state to show of an agent of `job`. */
export function agentStateAt(agent: AgentState, job: Known, nowMs: number, disconnectedSinceMs: number | null): ShownState {
  const liveness = livenessAt((now) => agentLiveness(agent, job, now), nowMs, disconnectedSinceMs);
  return agentState(agent.status, liveness, agent.completedAt === null, isOver(job));
}

function livenessAt(
  at: (now: number) => Liveness | null,
  nowMs: number,
  disconnectedSinceMs: number | null
): Liveness | 'unknown' | null {
  const now = at(nowMs / 1000);
  const known = disconnectedSinceMs === null ? now : at(Math.min(nowMs, disconnectedSinceMs) / 1000);
  return known === 'live' && now !== 'live' ? 'unknown' : known;
}
