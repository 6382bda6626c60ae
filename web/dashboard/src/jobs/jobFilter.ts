// Which jobs of the list are shown. Pure.

import type { Job, OverallStatus } from '../types.ts';

export type StateFilter = 'all' | 'running' | 'completed' | 'failed';

export const STATES: readonly { key: StateFilter; word: string }[] = [
  { key: 'all', word: 'All' },
  { key: 'running', word: 'Running' },
  { key: 'completed', word: 'Completed' },
  { key: 'failed', word: 'Failed' },
];

const FITS: Record<StateFilter, (job: Pick<Job, 'overallStatus'>) => boolean> = {
  all: () => true,
  running: ({ overallStatus }) => overallStatus === 'processing' || overallStatus === 'initializing',
  completed: ({ overallStatus }) => overallStatus === 'completed',
  failed: ({ overallStatus }) => overallStatus === 'failed',
};

/** Whether a job is of a state. */
export const isOf = (state: StateFilter, job: Pick<Job, 'overallStatus'>): boolean => FITS[state](job);

/** What the API filters by for a state; null: by nothing. */
export const apiStatus = (state: StateFilter): OverallStatus | null =>
  (({ all: null, running: 'processing', completed: 'completed', failed: 'failed' }) as const)[state];

/** The jobs that fit a state and a search, each once, newest first; `textOf` gives what is known of a job besides. */
export function matching(
  lists: readonly (readonly Job[])[],
  state: StateFilter,
  search: string,
  textOf: (jobId: string) => string
): readonly Job[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = new Map<string, Job>();
  for (const job of lists.flat()) {
    const known = found.get(job.jobId);
    if (!known || job.sequence > known.sequence) {
      found.set(job.jobId, job);
    }
  }
  return [...found.values()].filter((job) => isOf(state, job) && says(job, words, textOf)).sort(newestFirst);
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
