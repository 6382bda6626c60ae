// Filters the jobs of a tenant, and finds their states and the numbers of each kind. Pure.

import { isOver } from '@statusbeam/client';
import { jobLivenessAt, jobStateAt } from '../job/liveness.ts';
import { isOf, isWanted, type Wanted } from '../jobs/jobFilter.ts';
import { groupOf, jobState, type ShownState } from '../labels.ts';
import type { Job, JobCount, OverallStatus, StatusUpdate, TenantJob } from '../types.ts';

const LEASE_MS = 75_000;
const MAX_LEASE_MS = 86_400_000;

export interface ShownJob {
  job: TenantJob;
  state: ShownState;
  /** Its snapshot; null while only its newest status is known. */
  known: Job | null;
}

/** A job with the state to show: from its snapshot, or from its newest status if the snapshot is older. */
export function shownJob(job: TenantJob, known: Job | null, nowMs: number, disconnectedSinceMs: number | null): ShownJob {
  const { overallStatus, sequence, last } = job;
  if (known !== null && known.sequence >= sequence) {
    return { job, known, state: jobStateAt(known, nowMs, disconnectedSinceMs) };
  }
  // Without the snapshot the page knows one status of the job only, but a waiting status has no lease.
  if (last.status === 'waiting' && !isOver(job)) {
    return { job, known, state: 'waiting' };
  }
  const lease = { overallStatus, leaseExpiresAt: leaseOf(last), waiting: null };
  return { job, known, state: jobState(overallStatus, sequence, jobLivenessAt(lease, nowMs, disconnectedSinceMs)) };
}

/** The newest version of each job. */
export function newestKnown(jobs: readonly Job[]): ReadonlyMap<string, Job> {
  const newest = new Map<string, Job>();
  for (const job of jobs) {
    if (job.sequence >= (newest.get(job.jobId)?.sequence ?? 0)) {
      newest.set(job.jobId, job);
    }
  }
  return newest;
}

/** Whether a job passes the filters and contains the search text. A field that is not known yet passes no filter. */
export function fits({ job, known, state }: ShownJob, { filter, search, ...wanted }: Wanted): boolean {
  const texts = [job.jobId, job.userId, job.last.agentName, job.last.message, known?.title, known?.workflow];
  const isFound = texts.join(' ').toLowerCase().includes(search.toLowerCase().trim());
  const isOfThem = known === null ? Object.values(wanted).every((value) => value == null) : isOf(known, wanted);
  return isWanted(filter, state) && isOfThem && isFound;
}

/** The counted states that the page shows by name. */
export const COUNTED = [
  ['Running', ['initializing', 'processing']],
  ['Failed', ['failed']],
  ['Cancelled', ['cancelled']],
  ['Completed', ['completed']],
] as const satisfies readonly (readonly [string, readonly OverallStatus[]])[];

type Numbers = readonly (readonly [name: string, number: string])[];

/** The API's numbers by name: "12", or "1000+" above its limit. */
export const countsOf = (counts: readonly JobCount[]): Numbers => numbersOf(counts, ({ count }) => count);

export interface WorkflowRow {
  /** Null: the jobs without a workflow. */
  readonly workflow: string | null;
  readonly numbers: Numbers;
}

/** The same for each workflow, the one with the most jobs first. */
export function workflowCounts(counts: readonly JobCount[]): readonly WorkflowRow[] {
  const totals = new Map<string | null, number>();
  for (const { workflow, count } of counts.flatMap(({ workflows }) => workflows)) {
    totals.set(workflow, (totals.get(workflow) ?? 0) + count);
  }
  const inOrder = [...totals].sort(([one, ofOne], [other, ofOther]) => ofOther - ofOne || (one ?? '').localeCompare(other ?? ''));
  return inOrder.map(([workflow]) => ({
    workflow,
    numbers: numbersOf(counts, ({ workflows }) => workflows.find((each) => each.workflow === workflow)?.count ?? 0),
  }));
}

function numbersOf(counts: readonly JobCount[], countIn: (count: JobCount) => number): Numbers {
  return COUNTED.map(([name, states]) => {
    const counted = counts.filter(({ overallStatus }) => (states as readonly OverallStatus[]).includes(overallStatus));
    const sum = counted.reduce((before, count) => before + countIn(count), 0);
    return [name, counted.every(({ isExact }) => isExact) ? String(sum) : `${sum}+`];
  });
}

export type Sums = Readonly<Record<'running' | 'silent' | 'waiting' | 'users', number>>;

/** The number of jobs in each group. */
export function sumsOf(jobs: readonly { job: Pick<TenantJob | Job, 'userId'>; state: ShownState }[]): Sums {
  const count = (group: string) => jobs.filter(({ state }) => groupOf(state) === group).length;
  return {
    running: count('running'),
    silent: count('silent'),
    waiting: count('waiting'),
    users: new Set(jobs.map(({ job }) => job.userId)).size,
  };
}

/** The end of the lease of a job's newest status. */
export function leaseOf({ timestamp, metadata }: StatusUpdate): string {
  const seconds = metadata?.leaseSeconds;
  const lease = typeof seconds === 'number' ? Math.min(Math.max(LEASE_MS, seconds * 1000), MAX_LEASE_MS) : LEASE_MS;
  return new Date(Date.parse(timestamp) + lease).toISOString();
}
