import { util } from '@aws-appsync/utils';
import { canView } from './shared/canView.js';
import { exists, headKey } from './shared/statusTable.js';
import { raiseStoreError } from './shared/storeErrors.js';

export function request(ctx) {
  return { operation: 'GetItem', key: headKey(ctx.stash.caller, ctx.args.jobId), consistentRead: true };
}

// The owner and the tenant's operators and admins may change a job. An unknown job looks like another user's.
export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  const head = ctx.result;
  if (!exists(head) || !canView(ctx.stash.caller, head)) {
    util.error('You can change only your own jobs.', 'Forbidden');
  }
  return head;
}
