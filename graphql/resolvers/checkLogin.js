import { runtime, util } from '@aws-appsync/utils';
import { endedLoginKey } from './shared/sessionsTable.js';
import { ID_LENGTH, SessionsTable } from './shared/settings.generated.js';
import { raiseStoreError } from './shared/storeErrors.js';
import { viewer } from './shared/viewer.js';

// The first function of every guarded field. It refuses a login that endSessions has ended, because AppSync accepts a
// token until it expires.

// A character takes up to two units of UTF-16. A role's ARN is longer than an id. DynamoDB's keys have room for both.
const ID_UNITS = 2 * ID_LENGTH;

export function request(ctx) {
  const input = ctx.args.input ?? {};
  const { jobId, userId, tenantId, invocationId } = ctx.args;
  const ids = [jobId, userId, tenantId, invocationId, input.userId, input.tenantId];
  if (ids.concat(input.jobIds ?? []).some((id) => id && id.length > ID_UNITS)) {
    util.error(`An id must have at most ${ID_LENGTH} characters.`, 'BadRequest');
  }
  const caller = viewer(ctx);
  if (caller.userId === null) {
    runtime.earlyReturn(null);
  }
  return { operation: 'GetItem', key: endedLoginKey(caller.tenantId, caller.userId), consistentRead: true };
}

export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  const ended = ctx.result;
  // Not `<=`: this also refuses a login without a time.
  if (ended && !(viewer(ctx).signedInAt > ended[SessionsTable.ENDED_AT])) {
    util.error('This login was ended. Sign in again.', 'LoginEnded');
  }
  return null;
}
