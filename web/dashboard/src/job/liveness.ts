// What silence means, by the client's rules.

import { jobLiveness } from '@statusbeam/client';
import type { AgentState, Job } from '../types.ts';
import { agentState, type ShownState } from '../words.ts';

/**
 * live, stale, lost or ended at `nowMs`; null without a lease. Silence tells something to those only who could have heard:
 * what fell silent after `deafSinceMs` is unknown.
 */
export function livenessAt(
  leaseExpiresAt: string | null,
  ended: boolean,
  nowMs: number,
  deafSinceMs: number | null = null
): string | null {
  const leaseMs = Date.parse(leaseExpiresAt ?? '');
  const head = { overallStatus: ended ? 'completed' : 'processing', leaseMs: Number.isNaN(leaseMs) ? null : leaseMs } as const;
  const now = jobLiveness(head, nowMs / 1000);
  const heard = deafSinceMs === null ? now : jobLiveness(head, Math.min(nowMs, deafSinceMs) / 1000);
  return heard === 'live' && now !== 'live' ? 'unknown' : heard;
}

export const jobLivenessAt = (
  job: Pick<Job, 'overallStatus' | 'leaseExpiresAt'>,
  nowMs: number,
  deafSinceMs: number | null = null
): string | null =>
  livenessAt(job.leaseExpiresAt, job.overallStatus === 'completed' || job.overallStatus === 'failed', nowMs, deafSinceMs);

/** The state to show of an agent; `isOver`: its job has ended. */
export function agentStateAt(agent: AgentState, isOver: boolean, nowMs: number, deafSinceMs: number | null): ShownState {
  const ended = isOver || agent.completedAt !== null;
  return agentState(agent.status, livenessAt(agent.leaseExpiresAt, ended, nowMs, deafSinceMs), isOver);
}
