// Which jobs of the list are shown. Pure.

import type { Job, OverallStatus } from '../types.ts';
import { type Group, groupOf, type ShownState } from '../words.ts';

export type StateFilter = 'all' | Exclude<Group, 'pending' | 'unfinished'>;

export const STATES: readonly { key: StateFilter; word: string }[] = [
  { key: 'all', word: 'All' },
  { key: 'running', word: 'Running' },
  { key: 'silent', word: 'Silent' },
  { key: 'failed', word: 'Failed' },
  { key: 'done', word: 'Done' },
];

/** Whether something in this state is wanted. */
export const isWanted = (filter: StateFilter, state: ShownState): boolean => filter === 'all' || groupOf(state) === filter;

/** What the API filters by; null: by nothing. */
export const apiStatus = (filter: StateFilter): OverallStatus | null =>
  (({ all: null, running: 'processing', silent: 'processing', done: 'completed', failed: 'failed' }) as const)[filter];

/** What the page knows of a job beyond its snapshot: its state to show, and the text it is about. */
export interface Known {
  stateOf: (job: Job) => ShownState;
  textOf: (jobId: string) => string;
}

/** The jobs that fit a filter and a search, each once, newest first. */
export function matching(
  lists: readonly (readonly Job[])[],
  filter: StateFilter,
  search: string,
  { stateOf, textOf }: Known
): readonly Job[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = new Map<string, Job>();
  for (const job of lists.flat()) {
    const known = found.get(job.jobId);
    if (!known || job.sequence > known.sequence) {
      found.set(job.jobId, job);
    }
  }
  return [...found.values()].filter((job) => isWanted(filter, stateOf(job)) && says(job, words, textOf)).sort(newestFirst);
}

const newestFirst = (one: Job, other: Job): number =>
  (other.createdAt ?? '9').localeCompare(one.createdAt ?? '9') || one.jobId.localeCompare(other.jobId);

function says(job: Job, words: readonly string[], textOf: (jobId: string) => string): boolean {
  if (words.length === 0) {
    return true;
  }
  const agents = job.agents.map(({ name, activity }) => `${name} ${activity ?? ''}`).join(' ');
  const text = [job.jobId, textOf(job.jobId), job.sessionId, job.correlationId, job.documentId, job.sourceType, agents]
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

/** What a running job does right now, in a line; null when its agents don't tell. */
export function nowDoing(job: Job): string | null {
  const working = job.agents.filter(({ status, activity }) => status === 'in-progress' && activity);
  const newest = working.at(-1);
  return newest ? `${newest.name}: ${newest.activity}` : null;
}
