import { util } from '@aws-appsync/utils';
import { toJob } from './job.js';
import { JOBS_PER_PAGE, JOBS_PER_PAGE_MAX } from './settings.generated.js';

// The common parts of the lists of jobs.

export function jobsPerPage(args) {
  const limit = args.limit ?? JOBS_PER_PAGE;
  if (limit < 1 || limit > JOBS_PER_PAGE_MAX) {
    util.error(`limit must be 1 to ${JOBS_PER_PAGE_MAX}.`, 'BadRequest');
  }
  return limit;
}

export function toJobs(heads) {
  return heads.map((head) => toJob(head, [], null));
}

export function refuseToken() {
  util.error('nextToken is not from this list.', 'BadRequest');
}
