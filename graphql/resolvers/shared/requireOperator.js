import { util } from '@aws-appsync/utils';
import { seesTenant } from './roles.js';

// Refuses callers who are neither operators nor admins. Synth checks by module that a query uses this or canView, so this
// module exports nothing else.
export function requireOperator(caller) {
  if (!seesTenant(caller)) {
    util.error('Only operators and admins can list the jobs of a tenant.', 'Forbidden');
  }
}
