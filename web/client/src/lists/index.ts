// Lists of jobs: the user's own, live, and for operators the tenant's.
//
//     import { watchUser } from '@statusbeam/client/lists';
//     const watch = watchUser(client); // watch.subscribe(({ jobs }) => …)

export {
  countTenantJobs,
  fullPage,
  type JobCount,
  type JobFilters,
  type JobPage,
  type ListJobsOptions,
  listJobs,
  listTenantJobs,
  type WorkflowCount,
} from './read.ts';
export { type TenantJob, type TenantState, type TenantWatch, watchTenant } from './tenant.ts';
export type { TenantMinute } from './throughput.ts';
export { type UserState, type UserWatch, type UserWatchOptions, watchUser } from './user.ts';
