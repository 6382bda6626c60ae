// What the page calls things. Pure.

import type { OverallStatus, StatusUpdate } from './types.ts';

export type Tone = 'idle' | 'run' | 'good' | 'bad';

/** A state as the page shows it: of a job, of an agent, or what silence has made of one. */
export type ShownState =
  | 'looking'
  | 'waiting'
  | 'initializing'
  | 'processing'
  | 'completed'
  | 'failed'
  | 'pending'
  | 'in-progress'
  | 'success'
  | 'error'
  | 'unfinished'
  | 'stale'
  | 'lost'
  | 'unknown';

export const STATE_WORDS: Record<ShownState, string> = {
  looking: 'Looking',
  waiting: 'Waiting',
  initializing: 'Starting',
  processing: 'Running',
  completed: 'Completed',
  failed: 'Failed',
  pending: 'Pending',
  'in-progress': 'Running',
  success: 'Done',
  error: 'Failed',
  unfinished: 'Not finished',
  stale: 'Stale',
  lost: 'Lost',
  unknown: 'Unknown',
};

/** What one filters by. Who is silent is not counted among those that run. */
export type Group = 'running' | 'silent' | 'failed' | 'done' | 'pending' | 'unfinished';

const GROUPS: Record<ShownState, Group> = {
  looking: 'pending',
  waiting: 'pending',
  initializing: 'running',
  processing: 'running',
  completed: 'done',
  failed: 'failed',
  pending: 'pending',
  'in-progress': 'running',
  success: 'done',
  error: 'failed',
  unfinished: 'unfinished',
  stale: 'silent',
  lost: 'silent',
  unknown: 'silent',
};

export const groupOf = (state: ShownState): Group => GROUPS[state];

const STATUS_WORDS: Record<string, string> = {
  loading_agents: 'loading agents',
  agents_at_work: 'agents at work',
  agent_invoking: 'started',
  agent_complete: 'done',
  agent_error: 'failed',
  agent_retrying: 'started again',
  calling_tool: 'uses a tool',
  tool_complete: 'tool done',
  tool_error: 'tool failed',
  complete: 'completed',
  error: 'failed',
};

/** The word for a status; an unknown one is shown as it is. */
export const statusWord = (status: string): string => STATUS_WORDS[status] ?? status.replaceAll('_', ' ');

const TONES: Record<string, Tone> = {
  complete: 'good',
  agent_complete: 'good',
  success: 'good',
  error: 'bad',
  agent_error: 'bad',
  tool_error: 'bad',
};

export const toneOf = (update: StatusUpdate): Tone => TONES[update.status] ?? 'idle';

export const ORCHESTRATOR = 'Orchestrator';

export const sourceOf = (update: StatusUpdate): string => update.agentName || ORCHESTRATOR;

/** Whether nothing is heard of it, so that it may not look as if it ran. */
export const isSilent = (state: string | null): state is 'stale' | 'lost' | 'unknown' =>
  state === 'stale' || state === 'lost' || state === 'unknown';

/** What silence makes of a state that should be lively. */
export function shownState(status: ShownState, liveness: string | null): ShownState {
  const isLively = status === 'initializing' || status === 'processing' || status === 'in-progress';
  return isLively && isSilent(liveness) ? liveness : status;
}

/** The state of a job; one that nobody has heard of yet is waiting. */
export const jobState = (overall: OverallStatus, sequence: number, liveness: string | null): ShownState =>
  sequence === 0 ? 'waiting' : shownState(overall, liveness);

/** An agent's state; what was under way when its job ended will not be finished. */
export function agentState(status: string, liveness: string | null, jobIsOver: boolean): ShownState {
  if (jobIsOver && (status === 'pending' || status === 'in-progress')) {
    return 'unfinished';
  }
  return shownState(status as ShownState, liveness);
}
