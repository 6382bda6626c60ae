import { runtime, util } from '@aws-appsync/utils';
import { seesTenant } from './shared/roles.js';

// The key comes from a status that the caller may see. No answer contains it.
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
  const stored = ctx.result;
  if (!stored) {
    return answer; // it has expired
  }
  return {
    ...answer,
    detail: stored.detail ?? answer.detail,
    operatorDetail: seesTenant(ctx.stash.caller) ? (stored.operatorDetail ?? answer.operatorDetail) : null,
  };
}
