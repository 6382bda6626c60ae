import { runtime } from '@aws-appsync/utils';
import { LOG_EXPIRED, notRecovered } from './shared/pages.js';
import { exists, jobQuery, updateSortKey } from './shared/statusTable.js';
import { raiseStoreError } from './shared/storeErrors.js';

export function request(ctx) {
  const after = ctx.stash.after;
  const current = ctx.prev.result;
  if (after === current) {
    runtime.earlyReturn(page([], current, after));
  }
  if (after > current) {
    runtime.earlyReturn(notRecovered(current, 'ahead_of_log'));
  }
  return {
    operation: 'Query',
    query: jobQuery(ctx.stash.caller, ctx.args.jobId, updateSortKey(after + 1), updateSortKey(current)),
    consistentRead: true,
    limit: ctx.stash.limit,
  };
}

export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  const after = ctx.stash.after;
  const current = ctx.prev.result;
  const updates = ctx.result.items.filter((item) => exists(item));
  if (updates.length === 0 || updates[0].sequence !== after + 1) {
    return notRecovered(current, LOG_EXPIRED);
  }
  const last = updates[updates.length - 1].sequence;
  if (last - after !== updates.length) {
    return notRecovered(current, 'gap_in_log');
  }
  return page(updates.map(toUpdate), current, last);
}

function page(updates, current, next) {
  const firstSequence = updates.length > 0 && updates[0].sequence === 1 ? 1 : null;
  return { updates, currentSequence: current, nextAfterSequence: next, recovered: true, reason: null, firstSequence };
}

// The log stores metadata as JSON text. AWSJSON needs the value, because it would quote text again. As in a push, the
// metadata also has the tool's name and the execution time, unless the caller used these keys.
function toUpdate(item) {
  const metadata = item.metadata ? JSON.parse(item.metadata) : {};
  for (const field of ['toolName', 'executionTimeMs']) {
    if (item[field] !== null && item[field] !== undefined && metadata[field] === undefined) {
      metadata[field] = item[field];
    }
  }
  return { ...item, metadata: Object.keys(metadata).length > 0 || item.metadata ? metadata : null };
}
