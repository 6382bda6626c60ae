import { runtime } from '@aws-appsync/utils';
import { seesTenant } from './shared/roles.js';
import { keepSession, tenantSessionKey } from './shared/sessionsTable.js';
import { SessionsTable } from './shared/settings.generated.js';
import { raiseStoreError } from './shared/storeErrors.js';

// An operator's session of onTenantStatus under the same connection id is extended and closed along with the user's own.
// This function never opens a session, because most connections of operators watch their own jobs only.
export function request(ctx) {
  const { caller, expiresAt, joined } = ctx.stash;
  if (!seesTenant(caller)) {
    runtime.earlyReturn(null);
  }
  const key = tenantSessionKey(caller.tenantId, caller.watcherId, ctx.args.input.connectionId);
  if (ctx.args.input.action === 'close') {
    return { operation: 'DeleteItem', key };
  }
  const condition = { expression: `attribute_exists(${SessionsTable.SORT_KEY})` };
  return { ...keepSession(key, expiresAt, joined), condition };
}

export function response(ctx) {
  if (ctx.error && ctx.error.type !== 'DynamoDB:ConditionalCheckFailedException') {
    raiseStoreError(ctx);
  }
  return null;
}
