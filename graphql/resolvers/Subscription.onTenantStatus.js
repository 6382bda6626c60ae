import { util } from '@aws-appsync/utils';
import { audit } from './shared/audit.js';
import { seesTenant } from './shared/roles.js';
import { newSession } from './shared/sessions.js';
import { keepSession, tenantSessionKey } from './shared/sessionsTable.js';
import { raiseStoreError } from './shared/storeErrors.js';
import { setSubscriptionFilters } from './shared/subscriptionFilters.js';
import { viewer } from './shared/viewer.js';

export function request(ctx) {
  const caller = viewer(ctx);
  const tenantId = watchedTenant(caller, ctx.args.tenantId);
  // A service may watch any tenant. It has no session there that syncSession could extend.
  const session = newSession(caller.service ? null : ctx.args.connectionId);
  const key = tenantSessionKey(tenantId, caller.watcherId, session.id);
  return keepSession(key, util.time.nowEpochSeconds() + session.seconds, ctx.args.joined === true);
}

export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  const caller = viewer(ctx);
  const tenant = { tenantId: { eq: watchedTenant(caller, ctx.args.tenantId) } };
  // endSessions names the watching user, not the watched one. For a service, that is the ARN of its role or user.
  setSubscriptionFilters(tenant, { ...tenant, userId: { eq: caller.watcherId } });
  audit('watch', caller, { tenantId: ctx.args.tenantId });
  return null;
}

// Operators and admins: their own tenant. A service with an IAM grant on this field: any.
function watchedTenant(caller, tenantId) {
  if (tenantId === '' || (!caller.service && !(seesTenant(caller) && caller.tenantId === tenantId))) {
    util.error('Only operators and admins can watch a tenant, and only their own.', 'Forbidden');
  }
  return tenantId;
}
