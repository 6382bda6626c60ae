// What silence means, by the client's rules.

import { jobLiveness } from '@statusbeam/client';
import { agentState, type ShownState } from '../labels.ts';
import type { AgentState, Job } from '../types.ts';

/**
 * live, stale, lost or ended at `nowMs`; null without a lease. A page without a connection receives no status, so what fell
 * silent after `disconnectedSinceMs` is unknown.
 */
export function livenessAt(
  leaseExpiresAt: string | null,
  ended: boolean,
  nowMs: number,
  disconnectedSinceMs: number | null = null
): string | null {
  const leaseMs = Date.parse(leaseExpiresAt ?? '');
  const head = { overallStatus: ended ? 'completed' : 'processing', leaseMs: Number.isNaN(leaseMs) ? null : leaseMs } as const;
  const now = jobLiveness(head, nowMs / 1000);
  const known = disconnectedSinceMs === null ? now : jobLiveness(head, Math.min(nowMs, disconnectedSinceMs) / 1000);
  return known === 'live' && now !== 'live' ? 'unknown' : known;
}

export const jobLivenessAt = (
  job: Pick<Job, 'overallStatus' | 'leaseExpiresAt'>,
  nowMs: number,
  disconnectedSinceMs: number | null = null
): string | null =>
  livenessAt(job.leaseExpiresAt, job.overallStatus === 'completed' || job.overallStatus === 'failed', nowMs, disconnectedSinceMs);

/** The state to show of an agent; `isOver`: its job has ended. */
export function agentStateAt(agent: AgentState, isOver: boolean, nowMs: number, disconnectedSinceMs: number | null): ShownState {
  const ended = isOver || agent.completedAt !== null;
  return agentState(agent.status, livenessAt(agent.leaseExpiresAt, ended, nowMs, disconnectedSinceMs), isOver);
}
