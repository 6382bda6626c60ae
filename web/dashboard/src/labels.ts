// The labels of states and statuses. One state has one label everywhere. Pure.

import type { OverallStatus, StatusUpdate } from './types.ts';

export type Tone = 'idle' | 'run' | 'good' | 'bad';

/** A state of a job or an agent on the page, also of a silent one. */
export type ShownState =
  | 'looking'
  | 'expected'
  | 'initializing'
  | 'processing'
  | 'completed'
  | 'failed'
  | 'cancelling'
  | 'cancelled'
  | 'pending'
  | 'in-progress'
  | 'waiting'
  | 'success'
  | 'error'
  | 'unfinished'
  | 'stale'
  | 'lost'
  | 'unknown';

export const STATE_LABELS: Record<ShownState, string> = {
  looking: 'Looking',
  expected: 'Not started',
  initializing: 'Starting',
  processing: 'Running',
  completed: 'Completed',
  failed: 'Failed',
  cancelling: 'Cancelling',
  cancelled: 'Cancelled',
  pending: 'Pending',
  'in-progress': 'Running',
  waiting: 'Waiting',
  success: 'Completed',
  error: 'Failed',
  unfinished: 'Not finished',
  stale: 'Stale',
  lost: 'Lost',
  unknown: 'Unknown',
};

/** The groups of the lists' filters. A silent job or agent does not count as running. */
export type Group = 'running' | 'waiting' | 'silent' | 'failed' | 'cancelled' | 'completed' | 'pending' | 'unfinished';

const GROUPS: Record<ShownState, Group> = {
  looking: 'pending',
  expected: 'pending',
  initializing: 'running',
  processing: 'running',
  completed: 'completed',
  failed: 'failed',
  cancelling: 'running',
  cancelled: 'cancelled',
  pending: 'pending',
  'in-progress': 'running',
  waiting: 'waiting',
  success: 'completed',
  error: 'failed',
  unfinished: 'unfinished',
  stale: 'silent',
  lost: 'silent',
  unknown: 'silent',
};

export const groupOf = (state: ShownState): Group => GROUPS[state];

const STATUS_LABELS = new Map([
  ['loading_agents', 'loading agents'],
  ['agents_at_work', 'agents at work'],
  ['agent_invoking', 'started'],
  ['agent_complete', 'completed'],
  ['agent_error', 'failed'],
  ['agent_retrying', 'started again'],
  ['calling_tool', 'uses a tool'],
  ['tool_complete', 'tool completed'],
  ['tool_error', 'tool failed'],
  ['complete', 'completed'],
  ['error', 'failed'],
  ['waiting', 'waits'],
  ['answered', 'was answered'],
  ['cancel_requested', 'asked to cancel'],
]);

/** The label of a status; an unknown one is shown unchanged. */
export const statusLabel = (status: string): string => STATUS_LABELS.get(status) ?? status.replaceAll('_', ' ');

const TONES = new Map<string, Tone>([
  ['complete', 'good'],
  ['agent_complete', 'good'],
  ['success', 'good'],
  ['error', 'bad'],
  ['agent_error', 'bad'],
  ['tool_error', 'bad'],
]);

export const toneOf = (update: StatusUpdate): Tone => TONES.get(update.status) ?? 'idle';

export const ORCHESTRATOR = 'Orchestrator';

export const sourceOf = (update: StatusUpdate): string => update.agentName || ORCHESTRATOR;

/** Whether the statuses have stopped, so that the page must not show the job as running. */
export const isSilent = (state: string | null): state is 'stale' | 'lost' | 'unknown' =>
  state === 'stale' || state === 'lost' || state === 'unknown';

/** The state to show: `liveness` overrides one that expects statuses. */
export function shownState(status: ShownState, liveness: string | null): ShownState {
  const isLively = status === 'initializing' || status === 'processing' || status === 'in-progress';
  return isLively && (isSilent(liveness) || liveness === 'waiting') ? liveness : status;
}

/** The state of a job. A job without a status is expected; a job with a request to cancel is cancelling until its end.
 * */
export function jobState(overall: OverallStatus, sequence: number, liveness: string | null, isCancelling = false): ShownState {
  const state = sequence === 0 ? 'expected' : shownState(overall, liveness);
  return isCancelling && (groupOf(state) === 'running' || state === 'waiting') ? 'cancelling' : state;
}

/** The agents' states by their names in the API. A later release may have more. */
const AGENT_STATES = new Map<string, ShownState>([
  ['pending', 'pending'],
  ['in-progress', 'in-progress'],
  ['success', 'success'],
  ['error', 'error'],
  ['cancelled', 'cancelled'],
]);

/** The state of an agent. An agent that was open when its job ended is unfinished. */
export function agentState(status: string, liveness: string | null, isOpen: boolean, jobIsOver: boolean): ShownState {
  return jobIsOver && isOpen ? 'unfinished' : shownState(AGENT_STATES.get(status) ?? 'unknown', liveness);
}
