import { canView } from './shared/canView.js';
import { exists, headKey } from './shared/statusTable.js';
import { raiseStoreError } from './shared/storeErrors.js';

export function request(ctx) {
  return { operation: 'GetItem', key: headKey(ctx.stash.caller, ctx.args.jobId), consistentRead: true };
}

// The current sequence: 0 for a job without a status, and for one that the caller may not see.
export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  const head = ctx.result;
  return exists(head) && canView(ctx.stash.caller, head) ? head.sequence : 0;
}
