// Which agents are shown, and in what state. Pure.

import { agentStateAt } from '../job/liveness.ts';
import { inTreeOrder } from '../job/tree.ts';
import type { AgentState, Job } from '../types.ts';
import { type Group, groupOf, type ShownState } from '../words.ts';

export type AgentFilter = 'all' | Group;

export const FILTERS: readonly { key: AgentFilter; word: string }[] = [
  { key: 'all', word: 'All' },
  { key: 'running', word: 'Running' },
  { key: 'silent', word: 'Silent' },
  { key: 'failed', word: 'Failed' },
  { key: 'done', word: 'Done' },
  { key: 'pending', word: 'Pending' },
  { key: 'unfinished', word: 'Not finished' },
];

export interface Shown {
  agent: AgentState;
  state: ShownState;
}

/** Each agent with the state to show, those that work for another below it. `nowMs` decides what silence means, if it could be heard. */
export function shownAgents(job: Job, nowMs: number, deafSinceMs: number | null = null): Shown[] {
  const over = job.overallStatus === 'completed' || job.overallStatus === 'failed';
  return inTreeOrder(job.agents).map(({ agent }) => ({ agent, state: agentStateAt(agent, over, nowMs, deafSinceMs) }));
}

export const isOfFilter = (filter: AgentFilter, { state }: Shown): boolean => filter === 'all' || groupOf(state) === filter;

export const countOf = (agents: readonly Shown[], filter: AgentFilter): number =>
  agents.filter((each) => isOfFilter(filter, each)).length;
