import { fullPage, type JobFilters, type JobPage, listTenantJobs } from '@statusbeam/client/lists';
import { useEffect, useState } from 'react';
import type { Client, Job } from '../types.ts';

/** The pause after a failed read, in milliseconds. */
const RETRY_MS = 10_000;

export interface TenantJobs {
  readonly jobs: readonly Job[];
  readonly isLoading: boolean;
  /** The error of the newest read; null if it succeeded. */
  readonly problem: string | null;
  /** Reads one more page; null when there is none. */
  readonly loadMore: (() => void) | null;
}

interface Read {
  /** The filters and the login that the jobs were read with. */
  readonly asked: string;
  readonly jobs: readonly Job[];
  readonly nextToken: string | null;
  readonly problem: string | null;
}

const NOTHING: Read = { asked: '', jobs: [], nextToken: null, problem: null };

/** The tenant's jobs from the API. A change of `news` makes the hook read the newest again. Without a client, it reads none. */
export function useTenantJobs(client: Client | null, filters: JobFilters, news: string): TenantJobs {
  const asked = JSON.stringify(filters); // the same text for equal filters in new objects
  const [read, setRead] = useState<Read>(NOTHING);
  // biome-ignore lint/correctness/useExhaustiveDependencies: news is a reason to read again
  useEffect(() => {
    let isCurrent = client !== null;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      try {
        const page = await fullPage(listTenantJobs, client as Client, JSON.parse(asked) as JobFilters);
        if (isCurrent) {
          setRead((before) => withNewest(before, asked, page));
        }
      } catch (error) {
        if (isCurrent) {
          setRead((before) => failed(before, asked, error as Error));
          retry = setTimeout(() => void load(), RETRY_MS);
        }
      }
    };
    if (isCurrent) {
      void load();
    }
    return () => {
      isCurrent = false;
      clearTimeout(retry);
    };
  }, [client, asked, news]);
  const isRead = client !== null && read.asked === asked;
  const { jobs, nextToken, problem } = isRead ? read : NOTHING;
  const loadMore = () => {
    if (client !== null) {
      fullPage(listTenantJobs, client, { ...filters, nextToken }).then(
        (page) => setRead((before) => (before.asked === asked ? withOlder(before, page) : before)),
        (error: Error) => setRead((before) => failed(before, asked, error))
      );
    }
  };
  return { jobs, isLoading: client !== null && !isRead, problem, loadMore: nextToken === null ? null : loadMore };
}

/** Keep the jobs and pages that are already read. */
function withNewest(before: Read, asked: string, { jobs, nextToken }: JobPage): Read {
  return before.asked === asked && before.jobs.length > 0
    ? { ...before, jobs: together(jobs, before.jobs), problem: null }
    : { asked, jobs, nextToken, problem: null };
}

function withOlder(before: Read, { jobs, nextToken }: JobPage): Read {
  return { ...before, jobs: together(before.jobs, jobs), nextToken, problem: null };
}

function failed(before: Read, asked: string, { message }: Error): Read {
  return { ...(before.asked === asked ? before : { ...NOTHING, asked }), problem: message };
}

/** Each job once, from the first list that has it. */
const together = (first: readonly Job[], second: readonly Job[]): readonly Job[] => [
  ...new Map([...second, ...first].map((job) => [job.jobId, job])).values(),
];
