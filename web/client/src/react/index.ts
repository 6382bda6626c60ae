// React: useJob and useJobs, each a subscription to the client's own state.

import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';

import type { Client, JobWatch } from '../client/client.ts';
import type { JobState } from '../client/followed.ts';
import type { UserState, UserWatch, UserWatchOptions } from '../client/user.ts';

/** One job, live: `const { job, verdict } = useJob(client, 'job-1')`. Without an id, nothing is watched and null is given. */
export function useJob(client: Client, jobId: string): JobState;
export function useJob(client: Client, jobId: string | null): JobState | null;
export function useJob(client: Client, jobId: string | null): JobState | null {
  const subscribe = useCallback(
    (changed: () => void) => {
      if (jobId === null) {
        return () => undefined;
      }
      const watch = client.watchJob(jobId, changed);
      return () => watch.close();
    },
    [client, jobId]
  );
  const snapshot = () => (jobId === null ? null : client.peekJob(jobId));
  return useSyncExternalStore(subscribe, snapshot, snapshot);
}

/** The watch behind `useJob`, for its `at`, `loadHistory` and `check`; null until the component stands. */
export function useJobWatch(client: Client, jobId: string | null): { readonly current: JobWatch | null } {
  const watch = useRef<JobWatch | null>(null);
  useEffect(() => {
    const opened = jobId === null ? null : client.watchJob(jobId);
    watch.current = opened;
    return () => {
      watch.current = null;
      opened?.close();
    };
  }, [client, jobId]);
  return watch;
}

export interface UserJobs extends UserState {
  readonly loadMore: () => void;
  readonly refresh: () => void;
}

const NO_JOBS: UserState = { jobs: [], connection: 'connecting', isLoading: true, hasMore: false, error: null };

/** The user's jobs, the newest first: `const { jobs, loadMore } = useJobs(client)`. */
export function useJobs(client: Client, { pageSize = 20, overallStatus = null }: UserWatchOptions = {}): UserJobs {
  const watch = useRef<UserWatch | null>(null);
  const subscribe = useCallback(
    (changed: () => void) => {
      const opened = client.watchUser({ pageSize, overallStatus });
      watch.current = opened;
      const end = opened.subscribe(changed);
      return () => {
        end();
        opened.close();
        watch.current = null;
      };
    },
    [client, pageSize, overallStatus]
  );
  const snapshot = () => watch.current?.getState() ?? NO_JOBS;
  const state = useSyncExternalStore(subscribe, snapshot, () => NO_JOBS);
  return useMemo(
    () => ({ ...state, loadMore: () => void watch.current?.loadMore(), refresh: () => void watch.current?.refresh() }),
    [state]
  );
}
