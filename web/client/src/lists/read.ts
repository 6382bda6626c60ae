// The queries for lists of jobs.

import type { Client } from '../client/client.ts';
import { jsonValue } from '../fold/numbers.ts';
import type { Job, OverallStatus, StoredJob } from '../types.ts';
import { COUNT_TENANT_JOBS, LIST_JOBS, LIST_TENANT_JOBS } from './documents.ts';

const PAGE_SIZE = 20;

export interface JobPage {
  readonly jobs: readonly StoredJob[];
  readonly nextToken: string | null;
}

export interface JobFilters {
  readonly overallStatus?: OverallStatus | null;
  readonly workflow?: string | null;
  /** ISO times: jobs that began at or after `createdAfter`, and before `createdBefore`. */
  readonly createdAfter?: string | null;
  readonly createdBefore?: string | null;
  /** A part of the title, in any case. */
  readonly search?: string | null;
}

export interface ListJobsOptions extends JobFilters {
  /** 1 to 50. */
  readonly limit?: number;
  readonly nextToken?: string | null;
}

/** Pages that `fullPage` reads at most. */
const MOST_PAGES = 5;

/**
 * A page has the matching ones of the jobs that it reads, which may be none. `fullPage` reads up to a few pages until it has
 * `limit` jobs: `fullPage(listJobs, client, { workflow: 'nightly' })`. Throws StatusbeamError.
 */
export async function fullPage(
  list: (client: Client, options: ListJobsOptions) => Promise<JobPage>,
  client: Client,
  options: ListJobsOptions
): Promise<JobPage> {
  const limit = options.limit ?? PAGE_SIZE;
  let page = await list(client, options);
  for (let read = 1; page.nextToken !== null && page.jobs.length < limit && read < MOST_PAGES; read += 1) {
    const next = await list(client, { ...options, nextToken: page.nextToken });
    page = { jobs: [...page.jobs, ...next.jobs], nextToken: next.nextToken };
  }
  return page;
}

/** The number of the tenant's jobs in one state. */
export interface JobCount {
  readonly overallStatus: OverallStatus;
  readonly count: number;
  /** False: there are more jobs than `count`. */
  readonly isExact: boolean;
  /** The same jobs by workflow; `workflow` is null for jobs without one. */
  readonly workflows: readonly WorkflowCount[];
}

export interface WorkflowCount {
  readonly workflow: string | null;
  readonly count: number;
}

/** One page of the user's jobs, the newest first, without their agents. Throws StatusbeamError. */
export function listJobs(client: Client, options: ListJobsOptions = {}): Promise<JobPage> {
  return read(client, 'listJobs', options);
}

/** One page of the tenant's jobs, for operators and admins. Throws StatusbeamError. */
export function listTenantJobs(client: Client, options: ListJobsOptions = {}): Promise<JobPage> {
  return read(client, 'listTenantJobs', options);
}

/** The number of the tenant's jobs in each state, for operators and admins. Throws StatusbeamError. */
export async function countTenantJobs(
  client: Client,
  options: Pick<ListJobsOptions, 'createdAfter' | 'createdBefore'> = {}
): Promise<readonly JobCount[]> {
  return (await client.query<{ countTenantJobs: JobCount[] }>(COUNT_TENANT_JOBS, options)).countTenantJobs;
}

/** Whether a job matches the filter, by the server's rules. */
export function passes(job: Job, { overallStatus, workflow, createdAfter, createdBefore, search }: JobFilters): boolean {
  const createdMs = Date.parse(job.createdAt ?? '');
  return (
    (overallStatus == null || job.overallStatus === overallStatus) &&
    (workflow == null || job.workflow === workflow) &&
    (createdAfter == null || createdMs >= Date.parse(createdAfter)) &&
    (createdBefore == null || createdMs < Date.parse(createdBefore)) &&
    (job.title ?? '').toLowerCase().includes((search ?? '').toLowerCase())
  );
}

async function read(client: Client, field: 'listJobs' | 'listTenantJobs', options: ListJobsOptions): Promise<JobPage> {
  const answer = await client.query<Record<typeof field, JobPage>>(field === 'listJobs' ? LIST_JOBS : LIST_TENANT_JOBS, {
    limit: PAGE_SIZE,
    ...options,
  });
  const { jobs, nextToken } = answer[field];
  return { jobs: jobs.map((job) => ({ ...job, agents: [], result: jsonValue(job.result) })), nextToken };
}
