// Which jobs of the list are shown. Pure.

import { type Group, groupOf, type ShownState } from '../labels.ts';
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

/** The jobs that fit a filter and a search, each once, newest first. */
export function matching(
  lists: readonly (readonly Job[])[],
  filter: StateFilter,
  search: string,
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
  return [...found.values()].filter((job) => isWanted(filter, stateOf(job)) && matches(job, terms, textOf)).sort(newestFirst);
}

const newestFirst = (one: Job, other: Job): number =>
  (other.createdAt ?? '9').localeCompare(one.createdAt ?? '9') || one.jobId.localeCompare(other.jobId);

function matches(job: Job, terms: readonly string[], textOf: (job: Job) => string | null): boolean {
  if (terms.length === 0) {
    return true;
  }
  const agents = job.agents.map(({ name, activity }) => `${name} ${activity ?? ''}`).join(' ');
  const text = [job.jobId, textOf(job), job.workflow, job.sessionId, job.correlationId, job.documentId, job.sourceType, agents]
    .join(' ')
    .toLowerCase();
  return terms.every((term) => text.includes(term));
}

/** The newest activity of a running job, in a line; null without a working agent. */
export function nowDoing(job: Job): string | null {
  const working = job.agents.filter(({ status, activity }) => status === 'in-progress' && activity);
  const newest = working.at(-1);
  return newest ? `${newest.name}: ${newest.activity}` : null;
}
