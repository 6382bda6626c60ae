import { util } from '@aws-appsync/utils';
import { isAdmin } from './roles.js';

// The user whose sessions end. Callers may end their own sessions, admins those of any user of the tenant, and services
// with an IAM grant on endSessions those of anybody.
export function userToEnd(caller, input) {
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
