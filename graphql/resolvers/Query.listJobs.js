import { util } from '@aws-appsync/utils';
import { canView } from './shared/canView.js';
import { filtersOf, matches } from './shared/jobFilters.js';
import { jobsPerPage, refuseToken, toJobs } from './shared/jobPages.js';
import { exists } from './shared/statusTable.js';
import { viewer } from './shared/viewer.js';

// The index has the page and its order, and the heads have the current state. For a token that is limited to jobs, the page
// comes from the token, because pages of the index would reveal the number of other jobs.
export function request(ctx) {
  const caller = viewer(ctx);
  if (caller.userId === null) {
    util.error('listJobs needs a login with a user.', 'Forbidden');
  }
  ctx.stash.caller = caller;
  ctx.stash.limit = jobsPerPage(ctx.args);
  filtersOf(ctx.args); // rejects invalid filters before any read
  ctx.stash.jobIds = caller.jobIds;
  return {};
}

export function response(ctx) {
  const { caller, limit } = ctx.stash;
  const filters = filtersOf(ctx.args);
  // The index is eventually consistent, so a head may no longer match the query.
  const heads = ctx.prev.result.filter((head) => exists(head) && canView(caller, head));
  if (caller.jobIds === null) {
    return { jobs: toJobs(heads.filter((head) => matches(head, filters))), nextToken: ctx.stash.nextToken };
  }
  const rest = newestFirst(heads, ctx.args.nextToken).filter((head) => matches(head, filters) && isBetween(head, filters));
  const page = rest.slice(0, limit);
  return { jobs: toJobs(page), nextToken: rest.length > limit ? page[limit - 1].jobId : null };
}

function isBetween(head, { from, to }) {
  return (from === null || head.createdAt >= from) && (to === null || head.createdAt < to);
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
    refuseToken();
  }
  return sorted.slice(at + 1);
}
