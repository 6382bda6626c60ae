import { util } from '@aws-appsync/utils';
import { toJob } from './shared/job.js';
import { REASON_LENGTH } from './shared/settings.generated.js';
import { viewer } from './shared/viewer.js';

// The functions check who owns the job, record the request in its log, and read the head again.
export function request(ctx) {
  const caller = viewer(ctx);
  // A token narrowed to jobs permits reading only.
  if (caller.userId === null || caller.jobIds !== null) {
    util.error('You can cancel only your own jobs.', 'Forbidden');
  }
  const reason = ctx.args.reason ?? '';
  if (reason.length > 2 * REASON_LENGTH) {
    util.error(`reason must have at most ${REASON_LENGTH} characters.`, 'BadRequest');
  }
  ctx.stash.caller = caller;
  return {};
}

export function response(ctx) {
  return toJob(ctx.prev.result, [], null);
}
