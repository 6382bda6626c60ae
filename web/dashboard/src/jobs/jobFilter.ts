// Which jobs of the list are shown. Pure.

import { isOver } from '@statusbeam/client';
import type { JobFilters } from '@statusbeam/client/lists';
import { durationText, tickingText, timeText } from '../format.ts';
import { waitingTimes, waitsFor } from '../job/waitingText.ts';
import { type Group, groupOf, isSilent, type ShownState } from '../labels.ts';
import type { Job, OverallStatus } from '../types.ts';

export type StateFilter = 'all' | Exclude<Group, 'pending' | 'unfinished'>;

export const STATES: readonly { key: StateFilter; label: string }[] = [
  { key: 'all', label: 'All' },
  { key: 'running', label: 'Running' },
  { key: 'waiting', label: 'Waiting' },
  { key: 'silent', label: 'Silent' },
  { key: 'failed', label: 'Failed' },
  { key: 'completed', label: 'Completed' },
  { key: 'cancelled', label: 'Cancelled' },
];

/** Whether something in this state is wanted. */
export const isWanted = (filter: StateFilter, state: ShownState): boolean => filter === 'all' || groupOf(state) === filter;

const API_STATUSES = new Map<StateFilter, OverallStatus>([
  ['running', 'processing'],
  ['waiting', 'processing'],
  ['silent', 'processing'],
  ['completed', 'completed'],
  ['failed', 'failed'],
  ['cancelled', 'cancelled'],
]);

/** What the API filters by; null: by nothing. */
export const apiStatus = (filter: StateFilter): OverallStatus | null => API_STATUSES.get(filter) ?? null;

/** The page's knowledge of a job beyond its snapshot: the state to show, and the text that started it. */
export interface Known {
  stateOf: (job: Job) => ShownState;
  textOf: (job: Job) => string | null;
}

/** What the page filters by itself: the server knows neither silent jobs nor what the page calls them. */
export interface Wanted extends Pick<JobFilters, 'workflow' | 'createdAfter' | 'createdBefore'> {
  readonly filter: StateFilter;
  readonly search: string;
}

/** The jobs that fit the filters and the search, each once, newest first. */
export function matching(
  lists: readonly (readonly Job[])[],
  { filter, search, ...wanted }: Wanted,
  { stateOf, textOf }: Known
): readonly Job[] {
  const terms = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = new Map<string, Job>();
  for (const job of lists.flat()) {
    const known = found.get(job.jobId);
    if (!known || job.sequence > known.sequence) {
      found.set(job.jobId, job);
    }
  }
  return [...found.values()]
    .filter((job) => isWanted(filter, stateOf(job)) && isOf(job, wanted) && matches(job, terms, textOf))
    .sort(newestFirst);
}

/** Whether a job is of the workflow and began within the days. One without a status yet has begun now. */
export function isOf(job: Job, { workflow, createdAfter, createdBefore }: Omit<Wanted, 'filter' | 'search'>): boolean {
  const isWorkflow = workflow == null || job.workflow === workflow;
  const isLate = createdAfter == null || job.createdAt === null || job.createdAt >= createdAfter;
  const isEarly = createdBefore == null || (job.createdAt !== null && job.createdAt < createdBefore);
  return isWorkflow && isLate && isEarly;
}

const newestFirst = (one: Job, other: Job): number =>
  (other.createdAt ?? '9').localeCompare(one.createdAt ?? '9') || one.jobId.localeCompare(other.jobId);

function matches(job: Job, terms: readonly string[], textOf: (job: Job) => string | null): boolean {
  if (terms.length === 0) {
    return true;
  }
  const agents = job.agents.map(({ name, activity }) => `${name} ${activity ?? ''}`).join(' ');
  const names = [job.workflow, job.sessionId, job.correlationId, job.documentId, job.sourceType];
  const text = [job.jobId, textOf(job), ...names, job.outcome, agents].join(' ').toLowerCase();
  return terms.every((term) => text.includes(term));
}

/** The newest activity of a running job, in a line; null without a working agent. */
export function nowDoing(job: Job): string | null {
  const working = job.agents.filter(({ status, activity }) => status === 'in-progress' && activity);
  const newest = working.at(-1);
  return newest ? `${newest.name}: ${newest.activity}` : null;
}

/** What a job waits for, or since when it is silent; null where neither is so. */
export function pauseOf({ waiting, lastUpdated }: Job, state: ShownState, now: number): string | null {
  if (state === 'waiting') {
    return waiting && `${waitsFor(waiting)} ${waitingTimes(waiting, now)}`;
  }
  return state === 'stale' || state === 'lost' ? `No status since ${timeText(lastUpdated, now)}` : null;
}

/** How long the job's run took, or has been going on; null where it is not known, and while the job is silent. */
export function durationOf(job: Job, state: ShownState, now: number): string | null {
  if (job.startedAt === null || isSilent(state)) {
    return null;
  }
  const began = Date.parse(job.startedAt);
  if (!isOver(job)) {
    return tickingText(now - began);
  }
  return job.endedAt === null ? null : durationText(Date.parse(job.endedAt) - began);
}

/** The workflows of these jobs, by name. */
export function workflowsOf(jobs: readonly Pick<Job, 'workflow'>[]): readonly string[] {
  const names = new Set(jobs.map(({ workflow }) => workflow).filter((workflow) => workflow !== null));
  return [...names].sort((one, other) => one.localeCompare(other));
}
