// Finds the waits of a job that people can answer. Pure.

import type { AgentState, Job, Waiting } from '../types.ts';

export interface Wait {
  readonly waiting: Waiting;
  /** The agent that waits; null for the job itself. */
  readonly agent: AgentState | null;
}

/** The answerable waits of the job and its agents, the longest first. */
export function answerableWaits({ waiting, agents }: Pick<Job, 'waiting' | 'agents'>): readonly Wait[] {
  const own: Wait[] = waiting !== null && waiting.invocationId === null ? [{ waiting, agent: null }] : [];
  const theirs = agents.flatMap((agent) => (agent.waiting === null ? [] : [{ waiting: agent.waiting, agent }]));
  const answerable = [...own, ...theirs].filter((wait) => wait.waiting.answerable);
  return answerable.toSorted((one, other) => Date.parse(one.waiting.since) - Date.parse(other.waiting.since));
}
