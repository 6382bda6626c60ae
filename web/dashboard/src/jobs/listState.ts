// The filters of a list of jobs, in the address: ?state=failed&q=report&workflow=nightly&from=2026-11-01&to=2026-11-20.

import type { JobFilters } from '@statusbeam/client/lists';
import { useCallback, useEffect, useState } from 'react';
import { apiStatus, STATES, type StateFilter } from './jobFilter.ts';

export interface ListState {
  readonly filter: StateFilter;
  readonly search: string;
  /** Empty: any. */
  readonly workflow: string;
  /** The first and the last day on which a job began, as 2026-11-20 where the reader is; empty: any. */
  readonly from: string;
  readonly to: string;
}

export const EVERYTHING: ListState = { filter: 'all', search: '', workflow: '', from: '', to: '' };

const NAMES = { search: 'q', workflow: 'workflow', from: 'from', to: 'to' } as const;

/** Read a query. An unknown state is all of them, and a day that does not exist is any day. */
export function listStateOf(query: string): ListState {
  const parts = new URLSearchParams(query);
  const text = (name: keyof typeof NAMES) => parts.get(NAMES[name]) ?? '';
  const day = (name: 'from' | 'to') => (dayStart(text(name), 0) === null ? '' : text(name));
  return {
    filter: STATES.find(({ key }) => key === parts.get('state'))?.key ?? 'all',
    search: text('search'),
    workflow: text('workflow'),
    from: day('from'),
    to: day('to'),
  };
}

/** The query for a list; empty when it shows everything. */
export function queryOf({ filter, ...texts }: ListState): string {
  const named = (Object.keys(NAMES) as (keyof typeof NAMES)[]).map((name) => [NAMES[name], texts[name]] as const);
  const all = [['state', filter === 'all' ? '' : filter] as const, ...named];
  return new URLSearchParams(all.filter(([, value]) => value !== '').map(([name, value]) => [name, value])).toString();
}

export const showsEverything = (state: ListState): boolean => queryOf(state) === '';

/** The server's filter, without the search. Days are in the reader's time zone; the two days may be in any order. */
export function serverFilters({ filter, workflow, from, to }: Omit<ListState, 'search'>): Omit<JobFilters, 'search'> {
  const [first = '', last = ''] = from !== '' && to !== '' ? [from, to].sort() : [from, to];
  return {
    overallStatus: apiStatus(filter),
    workflow: workflow || null,
    createdAfter: dayStart(first, 0),
    createdBefore: dayStart(last, 1),
  };
}

/** Midnight at the beginning of a day, or of the day `later`; null for any other text. */
function dayStart(day: string, later: number): string | null {
  const [, year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day) ?? [];
  const midnight = new Date(Number(year), Number(month) - 1, Number(date));
  if (Number.isNaN(midnight.getTime()) || midnight.getDate() !== Number(date)) {
    return null;
  }
  midnight.setDate(midnight.getDate() + later);
  return midnight.toISOString();
}

/** The place of a list's state in the address. */
export interface Place {
  readonly read: () => string;
  readonly write: (query: string) => void;
}

/** The query, which links to jobs keep, because they are fragments. */
export const IN_QUERY: Place = {
  read: () => location.search,
  write: (query) => history.replaceState(null, '', `${location.pathname}${query && `?${query}`}${location.hash}`),
};

/** The fragment, behind `#tenant`. */
export const BEHIND_TENANT: Place = {
  read: () => location.hash.replace(/^#/, ''),
  write: (query) => history.replaceState(null, '', `#tenant${query && `&${query}`}`),
};

/** The list's state, as the address has it. */
export function useListState(place: Place): [ListState, (changes: Partial<ListState>) => void] {
  const [state, setState] = useState(() => listStateOf(place.read()));
  useEffect(() => {
    const follow = () => setState(listStateOf(place.read()));
    addEventListener('popstate', follow);
    return () => removeEventListener('popstate', follow);
  }, [place]);
  const change = useCallback(
    (changes: Partial<ListState>) =>
      setState((before) => {
        const next = { ...before, ...changes };
        place.write(queryOf(next));
        return next;
      }),
    [place]
  );
  return [state, change];
}
