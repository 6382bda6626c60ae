import { runtime, util } from '@aws-appsync/utils';
import { isOver } from './shared/job.js';

// An ended job cannot be cancelled.
export function request(ctx) {
  const head = ctx.prev.result;
  if (isOver(head)) {
    runtime.earlyReturn(head);
  }
  const { jobId, userId, tenantId } = head;
  const payload = { jobId, userId, tenantId, by: ctx.stash.caller.userId, reason: ctx.args.reason ?? null };
  return { operation: 'Invoke', payload };
}

export function response(ctx) {
  if (ctx.error || !ctx.result.recorded) {
    console.error(`type=${ctx.error?.type} | the request was not recorded`);
    util.error('The request was not recorded. Try again.', 'StoreUnavailable');
  }
  return ctx.prev.result;
}
