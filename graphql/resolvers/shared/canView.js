import { audit } from './audit.js';
import { seesTenant } from './roles.js';

// Whether the caller may see a job: `head` is its item in the status table, or nothing when there is none. Synth checks
// that each query uses this, and does so by module: this one exports nothing else.
// Every read of another user's job passes here, so this writes the audit trail.
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
  // An API key names nobody.
  if (caller.watcherId && caller.watcherId !== head.userId) {
    audit('read', caller, { tenantId: head.tenantId, owner: head.userId, jobId: head.jobId });
  }
  return true;
}
