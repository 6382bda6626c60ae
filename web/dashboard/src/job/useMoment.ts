import { useMemo, useRef } from 'react';
import { indexAt } from '../travel/playback.ts';
import type { AgentState, JobState, JobWatch } from '../types.ts';
import { clipped, HistoryBuilder } from './history.ts';
import type { Moment } from './moment.ts';
import { keepingSame } from './sameAgents.ts';

/** The moment of a job to show: the present, or what it was after the status `at`. */
export function useMoment(
  watch: JobWatch | null,
  { job, updates }: JobState,
  at: number | null,
  disconnectedSinceMs: number | null
): Moment {
  const builder = useRef<HistoryBuilder | null>(null);
  builder.current ??= new HistoryBuilder();
  const agents = useRef<readonly AgentState[]>([]);
  const history = useMemo(() => (builder.current as HistoryBuilder).read(updates), [updates]);
  return useMemo(() => {
    const past = at === null ? null : (watch?.at(at) ?? null);
    const shown = past ?? job;
    agents.current = keepingSame(agents.current, shown.agents);
    const known = past === null ? updates : updates.slice(0, indexAt(updates, past.sequence) + 1);
    return {
      job: { ...shown, jobId: job.jobId, agents: agents.current },
      history: past === null ? history : clipped(history, past.sequence),
      updates: known,
      disconnectedSinceMs,
      atMs: past === null ? null : Date.parse(known.at(-1)?.timestamp ?? job.createdAt ?? ''),
    };
  }, [watch, job, updates, at, history, disconnectedSinceMs]);
}
