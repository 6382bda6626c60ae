import { runtime, util } from '@aws-appsync/utils';

// The first step of every guarded field. The guard tells whose login it is; this tells whether endSessions has ended it, for
// tokens stay valid to AppSync until they expire.

// A user id takes 128 characters, of up to two units each; a role's ARN is longer. DynamoDB's keys have room for it.
const MOST_UNITS = 256;

export function request(ctx) {
  const input = ctx.args.input ?? {};
  const ids = [ctx.args.jobId, ctx.args.userId, ctx.args.tenantId, input.userId, input.tenantId];
  if (ids.concat(input.jobIds ?? []).some((id) => id && id.length > MOST_UNITS)) {
    util.error('An id is at most 128 characters.', 'BadRequest');
  }
  const who = viewer(ctx);
  if (who.userId === null) {
    runtime.earlyReturn(null);
  }
  return { operation: 'GetItem', key: endedKey(who.tenantId, who.userId), consistentRead: true };
}

export function response(ctx) {
  if (ctx.error) {
    storeFailed(ctx);
  }
  const ended = ctx.result;
  // Not `<=`: a login that doesn't say when it began is refused too.
  if (ended && !(viewer(ctx).signedInAt > ended.endedAt)) {
    util.error('This login was ended. Sign in again.', 'Forbidden');
  }
  return null;
}
