// The wait of a job or an agent, in words. Pure.

import { timeText } from '../format.ts';
import type { AgentState, Waiting } from '../types.ts';

const NAMES = new Map([
  ['agents', 'its agents'],
  ['unknown', 'something it does not name'],
]);

/** "Waits for approval". */
export const waitsFor = ({ for: what }: Waiting): string => `Waits for ${NAMES.get(what) ?? what.replaceAll('_', ' ')}`;

/** "since 13:05:20, until 14:00:00 at the latest". */
export function waitingTimes({ since, until }: Waiting, now: number): string {
  const begun = `since ${timeText(since, now)}`;
  return until === null ? begun : `${begun}, until ${timeText(until, now)} at the latest`;
}

/** The name of the agent that waits; null for the job itself. */
export const waiterOf = ({ invocationId }: Waiting, agents: readonly AgentState[]): string | null =>
  invocationId === null ? null : (agents.find((agent) => agent.invocationId === invocationId)?.name ?? invocationId);
