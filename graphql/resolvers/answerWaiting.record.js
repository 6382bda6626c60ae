import { util } from '@aws-appsync/utils';

export function request(ctx) {
  const { head, agentName } = ctx.prev.result;
  const { jobId, userId, tenantId } = head;
  const { approved, comment } = ctx.args;
  const invocationId = ctx.args.invocationId || null;
  const answer = { approved, comment: comment ?? null, by: ctx.stash.caller.userId };
  return { operation: 'Invoke', payload: { jobId, userId, tenantId, invocationId, agentName, ...answer } };
}

export function response(ctx) {
  if (ctx.error) {
    console.error(`type=${ctx.error.type} | the answer was not delivered`);
    util.error('The answer could not be delivered. Try again.', 'StoreUnavailable');
  }
  if (!ctx.result.recorded) {
    util.error('Nothing waits for this answer any more.', 'NotWaiting');
  }
  return null;
}
