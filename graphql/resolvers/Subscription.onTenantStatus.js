import { extensions, util } from '@aws-appsync/utils';

const SESSION_SECONDS = 86400;

export function request(ctx) {
  const tenantId = watchedTenant(viewer(ctx), ctx.args.tenantId);
  return {
    operation: 'PutItem',
    key: util.dynamodb.toMapValues({ tenant_id: tenantId, sk: `#tenant#${util.autoId()}` }),
    attributeValues: util.dynamodb.toMapValues({ ttl: util.time.nowEpochSeconds() + SESSION_SECONDS }),
  };
}

export function response(ctx) {
  if (ctx.error) {
    storeFailed(ctx);
  }
  const who = viewer(ctx);
  const tenant = { tenantId: { eq: watchedTenant(who, ctx.args.tenantId) } };
  // endSessions names who watches, not who is watched. A service goes by its role's or user's ARN.
  const watcher = { userId: { eq: who.userId ?? ctx.identity.userArn } };
  extensions.setSubscriptionFilter(util.transform.toSubscriptionFilter(tenant));
  extensions.setSubscriptionInvalidationFilter(util.transform.toSubscriptionFilter({ ...tenant, ...watcher }));
  return null;
}

// Operators and admins: their own tenant. A service with an IAM grant on this field: any.
function watchedTenant(who, tenantId) {
  const leads = who.roles.includes('operator') || who.roles.includes('admin');
  if (tenantId === '' || (!who.service && !(leads && who.tenantId === tenantId))) {
    util.error('Only operators and admins may watch a tenant, and only their own.', 'Forbidden');
  }
  return tenantId;
}
