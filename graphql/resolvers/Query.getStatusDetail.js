import { util } from '@aws-appsync/utils';

// Two steps: head and log entry say whose the status is and what stands beside it; what was too big is fetched.
export function request(ctx) {
  if (ctx.args.sequence < 1) {
    util.error('sequence is 1 or more.', 'BadRequest');
  }
  ctx.stash.who = viewer(ctx);
  return {};
}

export function response(ctx) {
  return ctx.prev.result;
}
