import { extensions, util } from '@aws-appsync/utils';
import { isAdmin } from './shared/roles.js';
import { endedLoginKey } from './shared/sessionsTable.js';
import { SessionsTable } from './shared/settings.generated.js';
import { raiseStoreError } from './shared/storeErrors.js';
import { viewer } from './shared/viewer.js';

// The longest that a client could still refresh an ended login: what a user pool allows at most.
const LOGIN_SECONDS = 3650 * 86400;

// The note comes before the invalidation, so that an ended client cannot subscribe again in between.
export function request(ctx) {
  const user = userToEnd(viewer(ctx), ctx.args.input);
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
  const payload = userToEnd(viewer(ctx), ctx.args.input);
  extensions.invalidateSubscriptions({ subscriptionField: 'onStatusUpdate', payload });
  extensions.invalidateSubscriptions({ subscriptionField: 'onTenantStatus', payload });
  return payload;
}

// The callers themselves; an admin any user of the same tenant; a service with an IAM grant on this field any user.
function userToEnd(caller, input) {
  const userId = input.userId;
  const tenantId = input.tenantId ?? caller.tenantId;
  if (userId === '' || userId.includes('#') || tenantId === '') {
    util.error('userId must not be empty or contain #, and tenantId must not be empty.', 'BadRequest');
  }
  const sameTenant = tenantId === caller.tenantId;
  const self = sameTenant && userId === caller.userId && caller.jobIds === null;
  if (!caller.service && !self && !(sameTenant && isAdmin(caller))) {
    util.error('You can end only your own sessions.', 'Forbidden');
  }
  return { userId, tenantId };
}
