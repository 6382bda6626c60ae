// Which agents are shown, and in what state. Pure.

import { agentStateAt } from '../job/liveness.ts';
import type { AgentState, Job } from '../types.ts';
import type { ShownState } from '../words.ts';

export type AgentGroup = 'running' | 'failed' | 'done' | 'pending';
export type AgentFilter = 'all' | AgentGroup;

export const FILTERS: readonly { key: AgentFilter; word: string }[] = [
  { key: 'all', word: 'All' },
  { key: 'running', word: 'Running' },
  { key: 'failed', word: 'Failed' },
  { key: 'done', word: 'Done' },
  { key: 'pending', word: 'Pending' },
];

export interface Shown {
  agent: AgentState;
  state: ShownState;
  group: AgentGroup;
}

const GROUPS: Record<AgentState['status'], AgentGroup> = {
  'in-progress': 'running',
  success: 'done',
  error: 'failed',
  pending: 'pending',
};

/** Each agent with the state to show, in the order of the job. `nowMs` decides what silence means, if it could be heard. */
export function shownAgents(job: Job, nowMs: number, deafSinceMs: number | null = null): Shown[] {
  const over = job.overallStatus === 'completed' || job.overallStatus === 'failed';
  return job.agents.map((agent) => ({
    agent,
    state: agentStateAt(agent, over, nowMs, deafSinceMs),
    group: GROUPS[agent.status],
  }));
}

export function countsOf(agents: readonly Shown[]): Record<AgentFilter, number> {
  const counts = { all: agents.length, running: 0, failed: 0, done: 0, pending: 0 };
  for (const { group } of agents) {
    counts[group] += 1;
  }
  return counts;
}
