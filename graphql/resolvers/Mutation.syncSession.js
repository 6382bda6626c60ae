import { util } from '@aws-appsync/utils';
import { canView } from './shared/canView.js';
import { checkConnectionId } from './shared/sessions.js';
import { tenantSessionKey, userSessionKey } from './shared/sessionsTable.js';
import { JOBS_PER_SYNC } from './shared/settings.generated.js';
import { exists } from './shared/statusTable.js';
import { viewer } from './shared/viewer.js';

// The functions open, extend or close the session of this connection, then read the head of each job that the input names.
export function request(ctx) {
  const { connectionId, jobIds } = ctx.args.input;
  checkConnectionId(connectionId);
  if (jobIds && jobIds.length > JOBS_PER_SYNC) {
    util.error(`jobIds takes at most ${JOBS_PER_SYNC} jobs.`, 'BadRequest');
  }
  const caller = viewer(ctx);
  ctx.stash.caller = caller;
  ctx.stash.jobIds = jobIds ?? [];
  // Without `joined`, the subscriptions decide whether the session is plain.
  ctx.stash.joined = ctx.args.input.joined === true ? true : null;
  // Callers without a user of their own watch the whole public tenant.
  ctx.stash.sessionKey =
    caller.userId === null
      ? tenantSessionKey(caller.tenantId, caller.watcherId, connectionId)
      : userSessionKey(caller.tenantId, caller.userId, connectionId);
  return {};
}

export function response(ctx) {
  const heads = ctx.prev.result.filter((head) => exists(head) && canView(ctx.stash.caller, head));
  const jobs = ctx.stash.jobIds.map((jobId) => {
    const head = heads.find((candidate) => candidate.jobId === jobId);
    return head ? { jobId, sequence: head.sequence, epoch: head.epoch ?? null } : { jobId, sequence: 0, epoch: null };
  });
  return { connectionId: ctx.args.input.connectionId, expiresAt: ctx.stash.expiresAt, jobs };
}
