import { runtime, util } from '@aws-appsync/utils';

// The key comes from a log entry that the viewer may see; it is never told.
export function request(ctx) {
  if (!ctx.stash.detailKey) {
    runtime.earlyReturn(ctx.prev.result);
  }
  return { operation: 'Invoke', payload: { key: ctx.stash.detailKey } };
}

export function response(ctx) {
  if (ctx.error) {
    console.error(`type=${ctx.error.type} | the detail store did not answer`);
    util.error('The detail store did not answer. Try again.', 'StoreUnavailable');
  }
  const answer = ctx.prev.result;
  const kept = ctx.result;
  if (!kept) {
    return answer; // over its time
  }
  return {
    ...answer,
    detail: kept.detail ?? answer.detail,
    operatorDetail: leads(ctx.stash.who) ? (kept.operatorDetail ?? answer.operatorDetail) : null,
  };
}
