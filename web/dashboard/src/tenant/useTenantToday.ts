import { countTenantJobs, listTenantJobs } from '@statusbeam/client/lists';
import { useCallback, useEffect, useState } from 'react';
import type { Client, Job, JobCount } from '../types.ts';
import { useSettled } from '../ui/useSettled.ts';

/** How often the numbers are read again. */
const REFRESH_MS = 30_000;
/** … and after the last of some news. */
const COUNT_AFTER_MS = 1_500;

export interface TenantToday {
  /** Since midnight where the reader is; null until they are read. */
  readonly counts: readonly JobCount[] | null;
  /** The newest jobs of the tenant, from the store. */
  readonly jobs: readonly Job[];
  /** Reads one more page of them; null when there is none. */
  readonly loadMore: (() => void) | null;
  readonly problem: string | null;
}

/** The tenant's jobs as the store has them: their numbers since midnight, and the newest. `news` changes when jobs begin or end. */
export function useTenantToday(client: Client, news: string): TenantToday {
  const settled = useSettled(news, COUNT_AFTER_MS);
  const [counts, setCounts] = useState<readonly JobCount[] | null>(null);
  const [page, setPage] = useState<{ jobs: readonly Job[]; nextToken: string | null }>({ jobs: [], nextToken: null });
  const [problem, setProblem] = useState<string | null>(null);
  const failed = useCallback((error: Error) => setProblem(error.message), []);
  useEffect(() => {
    listTenantJobs(client).then(setPage, failed);
  }, [client, failed]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: news is a reason to count again
  useEffect(() => {
    const count = () => {
      const midnight = new Date();
      midnight.setHours(0, 0, 0, 0);
      countTenantJobs(client, { createdAfter: midnight.toISOString() }).then(setCounts, failed);
    };
    count();
    const timer = setInterval(count, REFRESH_MS);
    return () => clearInterval(timer);
  }, [client, failed, settled]);
  const loadMore = () => {
    listTenantJobs(client, { nextToken: page.nextToken }).then(
      ({ jobs, nextToken }) => setPage({ jobs: [...page.jobs, ...jobs], nextToken }),
      failed
    );
  };
  return { counts, jobs: page.jobs, loadMore: page.nextToken === null ? null : loadMore, problem };
}
