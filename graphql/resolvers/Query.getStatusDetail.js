import { util } from '@aws-appsync/utils';
import { viewer } from './shared/viewer.js';

// The functions read the head and the status, then fetch detail that was too big for the log.
export function request(ctx) {
  if (ctx.args.sequence < 1) {
    util.error('sequence must be 1 or more.', 'BadRequest');
  }
  ctx.stash.caller = viewer(ctx);
  return {};
}

export function response(ctx) {
  return ctx.prev.result;
}
