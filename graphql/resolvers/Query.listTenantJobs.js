import { canView } from './shared/canView.js';
import { filtersOf, matches } from './shared/jobFilters.js';
import { jobsPerPage, refuseToken, toJobs } from './shared/jobPages.js';
import { requireOperator } from './shared/requireOperator.js';
import { exists } from './shared/statusTable.js';
import { isPlace, statesOf } from './shared/tenantIndex.js';
import { viewer } from './shared/viewer.js';

// One function for each state reads its newest jobs and merges them with those of the others; then come the heads.
// `nextToken` is the place in the index where the page ends. It reveals nothing to an operator of the tenant.
export function request(ctx) {
  const caller = viewer(ctx);
  requireOperator(caller);
  const filters = filtersOf(ctx.args);
  const after = ctx.args.nextToken ? ctx.args.nextToken : null;
  if (after !== null && !(isPlace(after) && (filters.from === null || after >= filters.from))) {
    refuseToken();
  }
  ctx.stash.caller = caller;
  ctx.stash.limit = jobsPerPage(ctx.args);
  ctx.stash.filters = filters;
  ctx.stash.after = after;
  ctx.stash.states = statesOf(filters);
  ctx.stash.found = {};
  ctx.stash.seenDownTo = null;
  return {};
}

export function response(ctx) {
  const { caller, filters } = ctx.stash;
  // The index is eventually consistent, so a head may no longer match the query. canView comes last, because it records the
  // jobs that an operator gets.
  const shown = (head) => exists(head) && matches(head, filters) && canView(caller, head);
  return { jobs: toJobs(ctx.prev.result.filter((head) => shown(head))), nextToken: ctx.stash.nextToken };
}
