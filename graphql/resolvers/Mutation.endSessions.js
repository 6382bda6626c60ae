import { extensions, util } from '@aws-appsync/utils';

// The longest that a login which is refused from now on could still be refreshed: what a user pool may allow at most.
const LOGIN_SECONDS = 3650 * 86400;

// First the mark, so that nobody who is thrown out can come back in between.
export function request(ctx) {
  const ended = endedUser(viewer(ctx), ctx.args.input);
  const now = util.time.nowEpochSeconds();
  return {
    operation: 'PutItem',
    key: endedKey(ended.tenantId, ended.userId),
    attributeValues: util.dynamodb.toMapValues({ endedAt: now, ttl: now + LOGIN_SECONDS }),
  };
}

export function response(ctx) {
  if (ctx.error) {
    storeFailed(ctx);
  }
  const payload = endedUser(viewer(ctx), ctx.args.input);
  extensions.invalidateSubscriptions({ subscriptionField: 'onStatusUpdate', payload });
  extensions.invalidateSubscriptions({ subscriptionField: 'onTenantStatus', payload });
  return payload;
}

// Oneself; an admin any user of the own tenant; a service with an IAM grant on this field any user of any tenant.
function endedUser(who, input) {
  const userId = input.userId;
  const tenantId = input.tenantId ?? who.tenantId;
  if (userId === '' || userId.includes('#') || tenantId === '') {
    util.error('A user id is not empty and has no #, a tenant id is not empty.', 'BadRequest');
  }
  const own = tenantId === who.tenantId;
  const oneself = own && userId === who.userId && who.jobIds === null;
  if (!who.service && !oneself && !(own && who.roles.includes('admin'))) {
    util.error('You may end your own sessions only.', 'Forbidden');
  }
  return { userId, tenantId };
}
