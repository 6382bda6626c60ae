// Chooses the shown agents and their states. Pure.

import { agentStateAt } from '../job/liveness.ts';
import { inTreeOrder } from '../job/tree.ts';
import { type Group, groupOf, type ShownState } from '../labels.ts';
import type { AgentState, Job } from '../types.ts';

export type AgentFilter = 'all' | Group;

export const FILTERS: readonly { key: AgentFilter; label: string }[] = [
  { key: 'all', label: 'All' },
  { key: 'running', label: 'Running' },
  { key: 'silent', label: 'Silent' },
  { key: 'failed', label: 'Failed' },
  { key: 'completed', label: 'Completed' },
  { key: 'pending', label: 'Pending' },
  { key: 'waiting', label: 'Waiting' },
  { key: 'cancelled', label: 'Cancelled' },
  { key: 'unfinished', label: 'Not finished' },
];

export interface Shown {
  agent: AgentState;
  state: ShownState;
}

/** Each agent with the state to show, agents that work for another below it. `nowMs` decides which ones are stale or lost. */
export function shownAgents(job: Job, nowMs: number, disconnectedSinceMs: number | null = null): Shown[] {
  return inTreeOrder(job.agents).map(({ agent }) => ({ agent, state: agentStateAt(agent, job, nowMs, disconnectedSinceMs) }));
}

export const isOfFilter = (filter: AgentFilter, { state }: Shown): boolean => filter === 'all' || groupOf(state) === filter;

export const countOf = (agents: readonly Shown[], filter: AgentFilter): number =>
  agents.filter((each) => isOfFilter(filter, each)).length;
