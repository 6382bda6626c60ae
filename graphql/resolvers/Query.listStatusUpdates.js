import { util } from '@aws-appsync/utils';

const LIMIT = 100;

// Two steps: the head says whose job it is and how far it has come, then the log is read up to exactly there.
export function request(ctx) {
  const after = ctx.args.afterSequence ?? 0;
  const limit = ctx.args.limit ?? LIMIT;
  if (after < 0 || limit < 1 || limit > LIMIT) {
    util.error(`afterSequence is 0 or more, limit 1 to ${LIMIT}.`, 'BadRequest');
  }
  ctx.stash.who = viewer(ctx);
  ctx.stash.after = after;
  ctx.stash.limit = limit;
  return {};
}

export function response(ctx) {
  return ctx.prev.result;
}
