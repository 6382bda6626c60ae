import { countTenantJobs } from '@statusbeam/client/lists';
import { useEffect, useState } from 'react';
import type { Client, JobCount } from '../types.ts';

/** The milliseconds between two reads of the numbers; a new status also causes a read. */
const REFRESH_MS = 30_000;

export interface TenantCounts {
  /** Since midnight where the reader is; null until they are read. */
  readonly counts: readonly JobCount[] | null;
  /** Why the newest numbers could not be read; null when they could. */
  readonly problem: string | null;
}

/** The tenant's jobs by their state. The hook counts them again when `news` changes. */
export function useTenantCounts(client: Client, news: string): TenantCounts {
  const [counted, setCounted] = useState<TenantCounts>({ counts: null, problem: null });
  // biome-ignore lint/correctness/useExhaustiveDependencies: news is a reason to count again
  useEffect(() => {
    let isCurrent = true;
    const count = () => {
      const midnight = new Date();
      midnight.setHours(0, 0, 0, 0);
      countTenantJobs(client, { createdAfter: midnight.toISOString() }).then(
        (counts) => isCurrent && setCounted({ counts, problem: null }),
        (error: Error) => isCurrent && setCounted(({ counts }) => ({ counts, problem: error.message }))
      );
    };
    count();
    const timer = setInterval(count, REFRESH_MS);
    return () => {
      isCurrent = false;
      clearInterval(timer);
    };
  }, [client, news]);
  return counted;
}
