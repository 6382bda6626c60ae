import { type Tenant, useTenant } from '@statusbeam/client/react';
import { useDeferredValue, useEffect, useMemo } from 'react';
import { titleOf } from '../demo/complaintStore.ts';
import { jobStateAt } from '../job/liveness.ts';
import { matching } from '../jobs/jobFilter.ts';
import { type ListState, serverFilters } from '../jobs/listState.ts';
import type { ShownState } from '../labels.ts';
import type { Client, Job } from '../types.ts';
import { useDisconnectedSince, useNow } from '../ui/clock.ts';
import { useSettled } from '../ui/useSettled.ts';
import { useThrottled } from '../ui/useThrottled.ts';
import { type AgentHealth, agentHealth } from './agentHealth.ts';
import { fits, newestKnown, type ShownJob, type Sums, shownJob, sumsOf } from './tenantFilter.ts';
import { type TenantCounts, useTenantCounts } from './useTenantCounts.ts';
import { useTenantJobs } from './useTenantJobs.ts';

/** The interval of reads while jobs begin and end, in milliseconds. */
const READ_EVERY_MS = 2_500;
const RUNNING = { overallStatus: 'processing', limit: 50 } as const;

interface TenantView extends TenantCounts {
  readonly tenant: Tenant;
  readonly now: number;
  readonly sums: Sums;
  readonly agents: readonly AgentHealth[];
  /** All known jobs. */
  readonly known: ReadonlyMap<string, Job>;
  /** The matching jobs that have reported since the page was opened, the one with the newest status first. */
  readonly reporting: readonly ShownJob[];
  /** The other matching jobs, newest first. */
  readonly earlier: readonly Job[];
  readonly stateOf: (job: Job) => ShownState;
  readonly isLoading: boolean;
  /** Why the jobs could not be read. */
  readonly readProblem: string | null;
  readonly loadMore: readonly (() => void)[];
}

/** An operator's view of the tenant: the reporting jobs, and the stored ones. */
export function useTenantView(client: Client, state: ListState): TenantView {
  const tenant = useTenant(client, { oncePerFrame: true });
  const { jobs, snapshots, readAgents, connection } = tenant;
  const now = useNow(true);
  const disconnectedSinceMs = useDisconnectedSince(connection);

  // The page reads the jobs again when a job begins or ends.
  const states = useMemo(() => JSON.stringify(jobs.map(({ jobId, overallStatus }) => [jobId, overallStatus]).sort()), [jobs]);
  const news = useThrottled(states, READ_EVERY_MS);
  const counted = useTenantCounts(client, news);
  const { filter, from, to } = state;
  const workflow = useSettled(state.workflow.trim());
  const narrowing = useMemo(() => serverFilters({ filter, workflow, from, to }), [filter, workflow, from, to]);
  const isNarrowed = Object.values(narrowing).some((value) => value !== null);
  const title = useSettled(state.search.trim());
  const isSearched = title.length > 1;
  const newest = useTenantJobs(client, {}, news);
  const running = useTenantJobs(client, RUNNING, news);
  const narrowed = useTenantJobs(isNarrowed ? client : null, narrowing, news);
  const found = useTenantJobs(isSearched ? client : null, { ...narrowing, search: title }, news);
  const listed = useMemo(
    () => [newest.jobs, running.jobs, narrowed.jobs, found.jobs],
    [newest.jobs, running.jobs, narrowed.jobs, found.jobs]
  );

  // Read the agents of reporting, running and newest jobs, even if the filters hide these jobs.
  const withAgents = useMemo(
    () => [...new Set([...jobs, ...running.jobs, ...newest.jobs].map(({ jobId }) => jobId))],
    [jobs, running.jobs, newest.jobs]
  );
  useEffect(() => readAgents(withAgents), [readAgents, withAgents]);

  const stateOf = (job: Job) => jobStateAt(job, now, disconnectedSinceMs);
  const known = useMemo(() => newestKnown([...listed.flat(), ...snapshots]), [listed, snapshots]);
  const reporting = jobs.map((job) => shownJob(job, known.get(job.jobId) ?? null, now, disconnectedSinceMs));
  const ids = new Set(jobs.map(({ jobId }) => jobId));
  const quiet = running.jobs.filter(({ jobId }) => !ids.has(jobId)).map((job) => ({ job, state: stateOf(job) }));
  const wanted = { ...narrowing, filter, search: useDeferredValue(state.search) };
  const earlier = matching(listed, wanted, { stateOf, textOf: (job) => `${titleOf(job) ?? ''} ${job.userId}` });
  const source = isNarrowed ? narrowed : newest;
  const reads = isSearched ? [source, found] : [source];
  return {
    ...counted,
    tenant,
    now,
    sums: sumsOf([...reporting, ...quiet]),
    agents: useMemo(() => agentHealth(snapshots, now, disconnectedSinceMs), [snapshots, now, disconnectedSinceMs]),
    known,
    reporting: reporting.filter((each) => fits(each, wanted)),
    earlier: earlier.filter(({ jobId }) => !ids.has(jobId)),
    stateOf,
    isLoading: reads.some(({ isLoading }) => isLoading),
    readProblem: reads.find(({ problem }) => problem !== null)?.problem ?? null,
    loadMore: reads.map(({ loadMore }) => loadMore).filter((loadMore) => loadMore !== null),
  };
}
