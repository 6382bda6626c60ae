// The health of a tenant's agents by name, from the read jobs. Pure.
//
// An agent's health is the first of these that is true of its invocations:
//   lost      an invocation that should report is lost
//   stale     an invocation that should report is stale
//   unknown   an invocation became silent while this page had no connection
//   degraded  at least one in five of its newest ten ended invocations failed
// healthy   otherwise
// Invocations that were open at their job's end, or cancelled, do not count.

import { agentStateAt } from '../job/liveness.ts';
import { groupOf, isSilent } from '../labels.ts';
import type { AgentState, Job } from '../types.ts';

/** The worst first. */
export const HEALTHS = ['lost', 'stale', 'unknown', 'degraded', 'healthy'] as const;
export type Health = (typeof HEALTHS)[number];

export interface AgentHealth {
  readonly name: string;
  readonly health: Health;
  readonly running: number;
  readonly waiting: number;
  readonly silent: number;
  /** The number of failures among the newest invocations that ended by themselves. */
  readonly failed: number;
  readonly ended: number;
  /** The newest job with a silent invocation, else with a failed one, for the link; null if there is none. */
  readonly example: string | null;
}

export const NEWEST = 10;
const DEGRADED_SHARE = 0.2;

interface Invocation {
  readonly agent: AgentState;
  readonly job: Job;
  readonly state: ReturnType<typeof agentStateAt>;
}

/** The health of each agent, the worst first, then by name. */
export function agentHealth(jobs: readonly Job[], nowMs: number, disconnectedSinceMs: number | null): readonly AgentHealth[] {
  const invocations = jobs.flatMap((job) =>
    job.agents.map((agent) => ({ agent, job, state: agentStateAt(agent, job, nowMs, disconnectedSinceMs) }))
  );
  return [...Map.groupBy(invocations, ({ agent }) => agent.name)]
    .map(([name, own]) => healthOf(name, own))
    .filter(({ running, waiting, silent, ended }) => running + waiting + silent + ended > 0)
    .sort(worstFirst);
}

function healthOf(name: string, invocations: readonly Invocation[]): AgentHealth {
  const count = (group: string) => invocations.filter(({ state }) => groupOf(state) === group).length;
  const silent = invocations.filter(({ state }) => isSilent(state));
  const newest = invocations
    .filter(({ state }) => state === 'success' || state === 'error')
    .sort(lastEndedFirst)
    .slice(0, NEWEST);
  const failed = newest.filter(({ state }) => state === 'error');
  const worst = HEALTHS.find((health) => silent.some(({ state }) => state === health));
  const isDegraded = newest.length > 0 && failed.length / newest.length >= DEGRADED_SHARE;
  return {
    name,
    health: worst ?? (isDegraded ? 'degraded' : 'healthy'),
    running: count('running'),
    waiting: count('waiting'),
    silent: silent.length,
    failed: failed.length,
    ended: newest.length,
    example: (silent.find(({ state }) => state === worst) ?? failed[0])?.job.jobId ?? null,
  };
}

const lastEndedFirst = (one: Invocation, other: Invocation): number =>
  (other.agent.completedAt ?? '').localeCompare(one.agent.completedAt ?? '');

const worstFirst = (one: AgentHealth, other: AgentHealth): number =>
  HEALTHS.indexOf(one.health) - HEALTHS.indexOf(other.health) || one.name.localeCompare(other.name);
