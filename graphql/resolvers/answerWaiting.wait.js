import { util } from '@aws-appsync/utils';
import { canView } from './shared/canView.js';
import { isOver } from './shared/job.js';
import { agentKey, batchGet, batchItems, exists, headKey, isHead } from './shared/statusTable.js';
import { raiseStoreError } from './shared/storeErrors.js';

export function request(ctx) {
  const { jobId, invocationId } = ctx.args;
  const caller = ctx.stash.caller;
  const keys = [headKey(caller, jobId)];
  return batchGet(ctx, invocationId ? keys.concat([agentKey(caller, jobId, invocationId)]) : keys);
}

// The owner and the tenant's operators and admins may answer. An unknown job looks like another user's.
export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  const items = batchItems(ctx).filter((item) => exists(item));
  const head = items.find((item) => isHead(item));
  if (!canView(ctx.stash.caller, head)) {
    util.error('You can change only your own jobs.', 'Forbidden');
  }
  const agent = items.find((item) => !isHead(item));
  const waiting = ctx.args.invocationId ? agent?.waiting : ownWaiting(head);
  // The commit decides. This check gives a late caller the right error.
  if (isOver(head) || !waiting?.answerable) {
    util.error('Nothing waits for this answer any more.', 'NotWaiting');
  }
  return { head, agentName: agent ? agent.name : null };
}

// A head also has the wait of the agent that has waited longest.
function ownWaiting(head) {
  return head.waiting && !head.waiting.invocationId ? head.waiting : null;
}
