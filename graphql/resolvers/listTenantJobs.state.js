import { runtime } from '@aws-appsync/utils';
import { isNamed } from './shared/jobFilters.js';
import { JOBS_PER_SEARCH } from './shared/settings.generated.js';
import { exists } from './shared/statusTable.js';
import { raiseStoreError } from './shared/storeErrors.js';
import { placeOf, stateQuery } from './shared/tenantIndex.js';

// The pipeline has this function once for each state: each takes the next one of ctx.stash.states.
export function request(ctx) {
  const { states, caller, filters, after, limit } = ctx.stash;
  if (states.length === 0) {
    runtime.earlyReturn(null);
  }
  const isSearch = filters.workflow !== null || filters.search !== null;
  // One more than needed, because a range with both ends includes `after` itself.
  const looksAt = isSearch ? JOBS_PER_SEARCH : limit + 1;
  return { ...stateQuery(caller, states[0], filters.from, earlier(after, filters.to)), limit: looksAt };
}

export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  const { states, filters, after, limit, found } = ctx.stash;
  const items = ctx.result.items;
  for (const item of items) {
    if (placeOf(item) !== after && exists(item) && isNamed(item, filters)) {
      found[placeOf(item)] = item.jobId;
    }
  }
  // After the last read place of the index, this state may have more jobs.
  const left = ctx.result.nextToken && items.length > 0 ? placeOf(items[items.length - 1]) : null;
  const seenDownTo = later(ctx.stash.seenDownTo, left);
  // AppSync's sort takes no comparator, so the places sort by themselves.
  const places = Object.keys(found)
    .sort()
    .reverse()
    .filter((place) => seenDownTo === null || place >= seenDownTo);
  const page = places.slice(0, limit);
  ctx.stash.states = states.slice(1);
  ctx.stash.found = found;
  ctx.stash.seenDownTo = seenDownTo;
  ctx.stash.jobIds = page.map((place) => found[place]);
  ctx.stash.nextToken = places.length > limit ? page[limit - 1] : seenDownTo;
  return null;
}

function earlier(one, other) {
  if (one === null || other === null) {
    return one ?? other;
  }
  return one < other ? one : other;
}

function later(one, other) {
  if (one === null || other === null) {
    return one ?? other;
  }
  return one > other ? one : other;
}
