import { util } from '@aws-appsync/utils';
import { UPDATES_PER_PAGE } from './shared/settings.generated.js';
import { viewer } from './shared/viewer.js';

// The head gives the job's owner and its current sequence; the second function reads the log up to exactly that sequence.
export function request(ctx) {
  const after = ctx.args.afterSequence ?? 0;
  const limit = ctx.args.limit ?? UPDATES_PER_PAGE;
  if (after < 0 || limit < 1 || limit > UPDATES_PER_PAGE) {
    util.error(`afterSequence must be 0 or more, and limit 1 to ${UPDATES_PER_PAGE}.`, 'BadRequest');
  }
  ctx.stash.caller = viewer(ctx);
  ctx.stash.after = after;
  ctx.stash.limit = limit;
  return {};
}

export function response(ctx) {
  return ctx.prev.result;
}
