import { util } from '@aws-appsync/utils';
import { endedLoginKey } from './shared/sessionsTable.js';
import { SessionsTable } from './shared/settings.generated.js';
import { raiseStoreError } from './shared/storeErrors.js';
import { userToEnd } from './shared/userToEnd.js';
import { viewer } from './shared/viewer.js';

// The longest time for which a user pool lets a client refresh a login.
const LOGIN_SECONDS = 3650 * 86400;

// The mark comes before the invalidation, so that an ended client cannot subscribe again in between.
export function request(ctx) {
  const user = userToEnd(viewer(ctx), ctx.args.input);
  ctx.stash.user = user;
  const now = util.time.nowEpochSeconds();
  const note = { [SessionsTable.ENDED_AT]: now, [SessionsTable.TTL]: now + LOGIN_SECONDS };
  return {
    operation: 'PutItem',
    key: endedLoginKey(user.tenantId, user.userId),
    attributeValues: util.dynamodb.toMapValues(note),
  };
}

export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  return null;
}
