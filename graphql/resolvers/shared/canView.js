import { seesTenant } from './roles.js';

// Whether the caller may see a job: `head` is its item in the status table, or nothing when there is none. Synth checks
// that each query uses this, and does so by module: this one exports nothing else.
export function canView(caller, head) {
  if (!head || head.tenantId !== caller.tenantId) {
    return false;
  }
  if (caller.userId !== null && head.userId !== caller.userId && !seesTenant(caller)) {
    return false;
  }
  return caller.jobIds === null || caller.jobIds.includes(head.jobId);
}
