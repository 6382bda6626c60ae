import { useMemo, useRef } from 'react';
import { indexAt } from '../travel/playback.ts';
import type { AgentState, Job, JobState, JobWatch, StatusUpdate } from '../types.ts';
import { clipped, type History, HistoryBuilder } from './history.ts';
import type { Moment } from './moment.ts';
import { keepingSame } from './sameAgents.ts';

/** The statuses of the current run of `job`. */
function ofRun({ run, runFirstSequence }: Job, updates: readonly StatusUpdate[]): readonly StatusUpdate[] {
  return run > 1 ? updates.slice(updates.findIndex(({ sequence }) => sequence >= (runFirstSequence ?? 0))) : updates;
}

/** Its history at a past moment; an earlier run has a history of its own. */
function historyAt(past: Job, job: Job, history: History, known: readonly StatusUpdate[]): History {
  return past.run === job.run ? clipped(history, past.sequence) : new HistoryBuilder().read(ofRun(past, known));
}

/** The moment of a job to show: the present, or the moment after the status `at`. */
export function useMoment(
  watch: JobWatch | null,
  { job, updates }: JobState,
  at: number | null,
  disconnectedSinceMs: number | null
): Moment {
  const builder = useRef<HistoryBuilder | null>(null);
  builder.current ??= new HistoryBuilder();
  const agents = useRef<readonly AgentState[]>([]);
  const history = useMemo(() => (builder.current as HistoryBuilder).read(ofRun(job, updates)), [job, updates]);
  return useMemo(() => {
    const past = at === null ? null : (watch?.at(at) ?? null);
    const shown = past ?? job;
    agents.current = keepingSame(agents.current, shown.agents);
    const known = past === null ? updates : updates.slice(0, indexAt(updates, past.sequence) + 1);
    return {
      job: { ...shown, jobId: job.jobId, agents: agents.current },
      history: past === null ? history : historyAt(past, job, history, known),
      updates: known,
      disconnectedSinceMs,
      atMs: past === null ? null : Date.parse(known.at(-1)?.timestamp ?? job.createdAt ?? ''),
    };
  }, [watch, job, updates, at, history, disconnectedSinceMs]);
}
