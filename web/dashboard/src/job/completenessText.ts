// How complete the log is, in one line. Pure.

import { plural } from '../format.ts';
import type { JobState } from '../types.ts';

export interface Completeness {
  readonly sign: 'whole' | 'recovering' | 'problem';
  readonly text: string;
}

type Known = Pick<JobState, 'updates' | 'firstSequence' | 'verdict' | 'reason' | 'connection'> & {
  readonly job: Pick<JobState['job'], 'sequence'>;
  readonly error: { readonly message: string; readonly isRefusal: boolean } | null;
};

/** The verdict as text. `isReading`: the client is reading the earlier part of the log. */
export function completenessOf(state: Known, isReading = false): Completeness {
  const { updates, verdict, reason, connection, job, error } = state;
  const counted = plural(updates.length, 'status', 'statuses');
  const isEmpty = job.sequence === 0;
  if (reason === 'job_gone') {
    return { sign: 'problem', text: 'This job is no longer kept' };
  }
  if (reason === 'invalid_id') {
    return { sign: 'problem', text: 'No job can have this id' };
  }
  if (error) {
    const cause = error.message.replace(/\.$/, '');
    return { sign: 'problem', text: `The log cannot be read (${cause}).${error.isRefusal ? '' : ' Trying again.'}` };
  }
  if (verdict === 'joining') {
    return { sign: 'recovering', text: isEmpty ? 'Looking' : `${counted}, looking for more` };
  }
  if (connection === 'delayed') {
    return { sign: 'recovering', text: `${counted}, read from the log: pushes are delayed` };
  }
  if (connection !== 'live') {
    return { sign: 'recovering', text: isEmpty ? 'No status yet' : `${completeText(state)} until the connection broke` };
  }
  if (verdict === 'behind') {
    const asking = reason === 'checking' ? 'asking whether any is missing' : 'asking for what is missing';
    return { sign: 'recovering', text: isEmpty ? 'Looking' : `${counted}, ${asking}` };
  }
  if (isReading) {
    return { sign: 'recovering', text: `${updates.length} of ${job.sequence} statuses, reading the earlier ones` };
  }
  return { sign: 'whole', text: completeText(state) };
}

function completeText({ updates, firstSequence, job }: Known): string {
  if (job.sequence === 0) {
    return 'No status yet';
  }
  const counted = plural(updates.length, 'status', 'statuses');
  return firstSequence > 1
    ? `${counted} since ${firstSequence}; the earlier ones are no longer kept`
    : `${counted}, none missing`;
}
