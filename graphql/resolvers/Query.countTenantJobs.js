import { filtersOf } from './shared/jobFilters.js';
import { requireOperator } from './shared/requireOperator.js';
import { statesOf } from './shared/tenantIndex.js';
import { viewer } from './shared/viewer.js';

// One function for each state counts its jobs.
export function request(ctx) {
  const caller = viewer(ctx);
  requireOperator(caller);
  ctx.stash.caller = caller;
  ctx.stash.filters = filtersOf(ctx.args);
  ctx.stash.states = statesOf(ctx.stash.filters);
  ctx.stash.counts = [];
  return {};
}

export function response(ctx) {
  return ctx.stash.counts;
}
