import { type UserJobs, useJobs } from '@statusbeam/client/react';
import { useCallback, useDeferredValue, useMemo } from 'react';
import { titleOf } from '../demo/complaintStore.ts';
import { jobStateAt } from '../job/liveness.ts';
import type { ShownState } from '../labels.ts';
import type { Client, Job } from '../types.ts';
import { useDisconnectedSince, useNow } from '../ui/clock.ts';
import { useSettled } from '../ui/useSettled.ts';
import { matching, workflowsOf } from './jobFilter.ts';
import { type ListState, serverFilters } from './listState.ts';

interface ListedJobs {
  /** The matching jobs, newest first. */
  readonly jobs: readonly Job[];
  /** The workflows of the read jobs. */
  readonly workflows: readonly string[];
  readonly stateOf: (job: Job) => ShownState;
  readonly now: number;
  readonly isLoading: boolean;
  readonly error: Error | null;
  /** Reads older jobs; null when there are none. */
  readonly loadMore: (() => void) | null;
}

/**
 * The jobs that the list shows: matching ones of the newest jobs, and those that the server finds by filters and titles. The
 * page searches all other fields of the read jobs itself. `canList`: whether the session may list jobs; an API key may not.
 */
export function useListedJobs(client: Client, everything: UserJobs, state: ListState, canList: boolean): ListedJobs {
  const search = useDeferredValue(state.search);
  const { filter, from, to } = state;
  const workflow = useSettled(state.workflow.trim());
  const narrowing = useMemo(() => serverFilters({ filter, workflow, from, to }), [filter, workflow, from, to]);
  const isNarrowed = canList && Object.values(narrowing).some((value) => value !== null);
  const narrowed = useJobs(isNarrowed ? client : null, { ...narrowing, oncePerFrame: true });
  const title = useSettled(state.search.trim());
  const isSearched = canList && title.length > 1;
  const isTyping = title !== state.search.trim();
  const found = useJobs(isSearched ? client : null, { ...narrowing, search: title, oncePerFrame: true });
  const disconnectedSinceMs = useDisconnectedSince(everything.connection, everything.error !== null);
  const now = useNow();
  const stateOf = useCallback((job: Job) => jobStateAt(job, now, disconnectedSinceMs), [now, disconnectedSinceMs]);
  const lists = useMemo(() => [everything.jobs, narrowed.jobs, found.jobs], [everything.jobs, narrowed.jobs, found.jobs]);
  const jobs = useMemo(
    () => matching(lists, { ...narrowing, filter, search }, { stateOf, textOf: titleOf }),
    [lists, narrowing, filter, search, stateOf]
  );
  const source = isNarrowed ? narrowed : everything;
  const reads = isSearched ? [source, found] : [source];
  const further = reads.filter((list) => list.hasMore);
  const loadMore = () => {
    for (const list of further) {
      list.loadMore();
    }
  };
  return {
    jobs,
    workflows: useMemo(() => workflowsOf(lists.flat()), [lists]),
    stateOf,
    now,
    isLoading: isTyping || reads.some((list) => list.isLoading),
    error: source.error,
    loadMore: further.length > 0 ? loadMore : null,
  };
}
