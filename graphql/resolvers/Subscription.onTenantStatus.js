import { extensions, util } from '@aws-appsync/utils';

export function request(ctx) {
  const who = viewer(ctx);
  const tenantId = watchedTenant(who, ctx.args.tenantId);
  // A service may watch any tenant; it has no session of its own there that syncSession could extend.
  const session = newSession(who.service ? null : ctx.args.connectionId);
  return {
    operation: 'PutItem',
    key: util.dynamodb.toMapValues({ tenant_id: tenantId, sk: `#tenant#${session.id}` }),
    attributeValues: util.dynamodb.toMapValues({ ttl: util.time.nowEpochSeconds() + session.seconds }),
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
  if (tenantId === '' || (!who.service && !(leads(who) && who.tenantId === tenantId))) {
    util.error('Only operators and admins may watch a tenant, and only their own.', 'Forbidden');
  }
  return tenantId;
}
