import { util } from '@aws-appsync/utils';
import { canView } from './shared/canView.js';
import { toJob } from './shared/job.js';
import { JOBS_PER_PAGE, JOBS_PER_PAGE_MAX } from './shared/settings.generated.js';
import { exists } from './shared/statusTable.js';
import { viewer } from './shared/viewer.js';

// The index gives the page and its order, the heads give the current state. A token for certain jobs names the jobs itself:
// pages of the index would tell its bearer how many other jobs there are.
export function request(ctx) {
  const caller = viewer(ctx);
  if (caller.userId === null) {
    util.error('listJobs needs a login with a user.', 'Forbidden');
  }
  const limit = ctx.args.limit ?? JOBS_PER_PAGE;
  if (limit < 1 || limit > JOBS_PER_PAGE_MAX) {
    util.error(`limit must be 1 to ${JOBS_PER_PAGE_MAX}.`, 'BadRequest');
  }
  ctx.stash.caller = caller;
  ctx.stash.limit = limit;
  ctx.stash.jobIds = caller.jobIds;
  return {};
}

export function response(ctx) {
  const { caller, limit } = ctx.stash;
  // The index is eventually consistent: a head may no longer have the state that the query named.
  const matches = (head) => !ctx.args.overallStatus || head.overallStatus === ctx.args.overallStatus;
  const heads = ctx.prev.result.filter((head) => exists(head) && canView(caller, head));
  if (caller.jobIds === null) {
    return { jobs: toJobs(heads.filter(matches)), nextToken: ctx.stash.nextToken };
  }
  const rest = newestFirst(heads, ctx.args.nextToken).filter(matches);
  const page = rest.slice(0, limit);
  return { jobs: toJobs(page), nextToken: rest.length > limit ? page[limit - 1].jobId : null };
}

function toJobs(heads) {
  return heads.map((head) => toJob(head, [], null));
}

// As the index orders them; `after` is the last job of the previous page.
function newestFirst(heads, after) {
  const byAge = {};
  for (const head of heads) {
    byAge[`${head.createdAt}#${head.jobId}`] = head;
  }
  // AppSync's sort takes no comparator, so the keys sort by themselves.
  const sorted = Object.keys(byAge)
    .sort()
    .reverse()
    .map((age) => byAge[age]);
  if (!after) {
    return sorted;
  }
  const at = sorted.findIndex((head) => head.jobId === after);
  if (at < 0) {
    util.error('nextToken is not from this list.', 'BadRequest');
  }
  return sorted.slice(at + 1);
}
