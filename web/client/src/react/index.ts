// React: hooks for one job, the user's jobs and a tenant, each a subscription to the client's own state.

import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';

import type { Client } from '../client/client.ts';
import type { JobWatch } from '../client/jobs.ts';
import type { Watch } from '../client/store.ts';
import type { JobState } from '../client/watchedJob.ts';
import { NO_TENANT, type TenantState, watchTenant } from '../lists/tenant.ts';
import { type UserState, type UserWatch, type UserWatchOptions, watchUser } from '../lists/user.ts';
import { oncePerFrame } from './frames.ts';

export type { JobStatusProps } from './jsx.ts';

export interface DrawOptions {
  /** Render at most once per frame, for jobs with hundreds of statuses a second. */
  readonly oncePerFrame?: boolean;
}

/** One job, live: `const { job, verdict } = useJob(client, 'job-1')`. Without an id, it watches nothing and returns null. */
export function useJob(client: Client, jobId: string | number, options?: DrawOptions): JobState;
export function useJob(client: Client, jobId: string | number | null, options?: DrawOptions): JobState | null;
export function useJob(client: Client, jobId: string | number | null, options: DrawOptions = {}): JobState | null {
  const store = useMemo(() => (jobId === null ? NO_STORE : client.jobStore(jobId)), [client, jobId]);
  return useSyncExternalStore(usePaced(store.subscribe, options), store.getSnapshot, store.getSnapshot);
}

const NO_STORE = { subscribe: () => () => undefined, getSnapshot: () => null };

/** The watch behind `useJob`, for its `at`, `loadHistory` and `check`; null until the component is mounted. */
export function useJobWatch(client: Client, jobId: string | number | null): JobWatch | null {
  return useOpened(useCallback(() => (jobId === null ? null : client.watchJob(jobId)), [client, jobId]));
}

export interface UserJobs extends UserState {
  /** Read one more page of the list. */
  readonly loadMore: () => void;
  /** Read the newest page again. */
  readonly refresh: () => void;
}

const NO_JOBS: UserState = { jobs: [], connection: 'connecting', isLoading: true, hasMore: false, error: null };

/** The user's jobs, the newest first: `const { jobs, loadMore } = useJobs(client)`. Without a client, it watches nothing. */
export function useJobs(client: Client | null, options: UserWatchOptions & DrawOptions = {}): UserJobs {
  const { oncePerFrame: _, ...wanted } = options;
  const asked = JSON.stringify(wanted); // the same text for equal options in new objects
  const open = useCallback(
    () => (client === null ? null : watchUser(client, JSON.parse(asked) as UserWatchOptions)),
    [client, asked]
  );
  const watch: UserWatch | null = useOpened(open);
  const state = useWatch(watch, NO_JOBS, options);
  return useMemo(
    () => ({ ...state, loadMore: () => void watch?.loadMore(), refresh: () => void watch?.refresh() }),
    [watch, state]
  );
}

export interface Tenant extends TenantState {
  /** Read these jobs with their agents, each once; `snapshots` has them. */
  readonly readAgents: (jobIds: readonly string[]) => void;
}

/** All jobs of the tenant, for operators and admins: `const { jobs, recent } = useTenant(client)`. */
export function useTenant(client: Client, options: DrawOptions = {}): Tenant {
  const watch = useOpened(useCallback(() => watchTenant(client), [client]));
  const state = useWatch(watch, NO_TENANT, options);
  const readAgents = useCallback((jobIds: readonly string[]) => watch?.readAgents(jobIds), [watch]);
  return useMemo(() => ({ ...state, readAgents }), [state, readAgents]);
}

/** The state of a watch; `none` while there is no watch. */
function useWatch<State>(watch: Watch<State> | null, none: State, options: DrawOptions): State {
  const listen = useCallback((changed: () => void) => watch?.subscribe(changed) ?? (() => undefined), [watch]);
  const subscribe = usePaced(listen, options);
  return useSyncExternalStore(
    subscribe,
    () => watch?.getState() ?? none,
    () => none
  );
}

/** A watch that is open while the component is mounted. */
function useOpened<W extends { close(): void }>(open: () => W | null): W | null {
  const [held, setHeld] = useState<{ open: () => W | null; watch: W | null } | null>(null);
  useEffect(() => {
    const watch = open();
    setHeld({ open, watch });
    return () => watch?.close();
  }, [open]);
  return held?.open === open ? held.watch : null; // never the state of another job or client
}

type Subscribe = (listener: () => void) => () => void;

function usePaced(subscribe: Subscribe, options: DrawOptions): Subscribe {
  const isPaced = options.oncePerFrame === true;
  return useMemo(() => (isPaced ? oncePerFrame(subscribe) : subscribe), [subscribe, isPaced]);
}
