import { extensions, util } from '@aws-appsync/utils';
import { audit } from './shared/audit.js';
import { isAdmin } from './shared/roles.js';
import { viewer } from './shared/viewer.js';

// The functions note that the user's logins are ended, and delete the user's sessions.
export function request(ctx) {
  ctx.stash.user = userToEnd(viewer(ctx), ctx.args.input);
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
