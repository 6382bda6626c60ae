import { ADMIN_GROUP, OPERATOR_GROUP } from './settings.generated.js';

// Operators and admins see their whole tenant.
export function seesTenant(caller) {
  return caller.roles.includes(OPERATOR_GROUP) || isAdmin(caller);
}

export function isAdmin(caller) {
  return caller.roles.includes(ADMIN_GROUP);
}
