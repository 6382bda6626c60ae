import { extensions } from '@aws-appsync/utils';
import { audit } from './shared/audit.js';
import { userToEnd } from './shared/userToEnd.js';
import { viewer } from './shared/viewer.js';

// The functions note that the user's logins are ended, and delete the user's sessions.
export function request() {
  return {};
}

export function response(ctx) {
  const caller = viewer(ctx);
  const payload = userToEnd(caller, ctx.args.input);
  extensions.invalidateSubscriptions({ subscriptionField: 'onStatusUpdate', payload });
  extensions.invalidateSubscriptions({ subscriptionField: 'onTenantStatus', payload });
  if (payload.userId !== caller.userId) {
    audit('endSessions', caller, { tenantId: payload.tenantId, owner: payload.userId });
  }
  return payload;
}
