import { util } from '@aws-appsync/utils';
import { seesTenant } from './roles.js';

// Refuses whoever does not lead the tenant. Synth checks that a query uses this or canView, and does so by module: this one
// exports nothing else.
export function requireOperator(caller) {
  if (!seesTenant(caller)) {
    util.error('Only operators and admins can list the jobs of a tenant.', 'Forbidden');
  }
}
