// What the list of jobs shows, in the address' query: ?state=failed&q=report. Links to jobs are fragments and leave it as it is.

import { useCallback, useEffect, useState } from 'react';
import { STATES, type StateFilter } from './jobFilter.ts';

export interface ListState {
  readonly filter: StateFilter;
  readonly search: string;
}

/** Read a query; an unknown state is all of them. */
export function listStateOf(query: string): ListState {
  const parts = new URLSearchParams(query);
  const wanted = parts.get('state');
  return { filter: STATES.find(({ key }) => key === wanted)?.key ?? 'all', search: parts.get('q') ?? '' };
}

/** The query for a list; empty when it shows everything. */
export function queryOf({ filter, search }: ListState): string {
  const parts = new URLSearchParams([
    ...(filter === 'all' ? [] : [['state', filter] as [string, string]]),
    ...(search === '' ? [] : [['q', search] as [string, string]]),
  ]).toString();
  return parts === '' ? '' : `?${parts}`;
}

/** The list's state, as the address has it. */
export function useListState(): [ListState, (changes: Partial<ListState>) => void] {
  const [state, setState] = useState(() => listStateOf(location.search));
  useEffect(() => {
    const follow = () => setState(listStateOf(location.search));
    addEventListener('popstate', follow);
    return () => removeEventListener('popstate', follow);
  }, []);
  const change = useCallback(
    (changes: Partial<ListState>) =>
      setState((before) => {
        const next = { ...before, ...changes };
        history.replaceState(null, '', `${location.pathname}${queryOf(next)}${location.hash}`);
        return next;
      }),
    []
  );
  return [state, change];
}
