import { audit } from './audit.js';
import { seesTenant } from './roles.js';

// Whether the caller may see a job. `head` is its item in the status table, if it has one. Synth checks by module that each
// query uses this, so this module exports nothing else.
// Every read of another user's job calls this, so it writes the audit trail.
export function canView(caller, head) {
  if (!head || head.tenantId !== caller.tenantId) {
    return false;
  }
  if (caller.userId !== null && head.userId !== caller.userId && !seesTenant(caller)) {
    return false;
  }
  if (caller.jobIds !== null && !caller.jobIds.includes(head.jobId)) {
    return false;
  }
  // An API key has no user.
  if (caller.watcherId && caller.watcherId !== head.userId) {
    audit('read', caller, { tenantId: head.tenantId, owner: head.userId, jobId: head.jobId });
  }
  return true;
}
