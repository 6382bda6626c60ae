import { util } from '@aws-appsync/utils';
import { SessionsTable } from './settings.generated.js';

// Keys of the sessions table. User ids have no #, so the keys of two kinds never meet.

export function userSessionKey(tenantId, userId, connectionId) {
  return itemKey(tenantId, `${userId}#${connectionId}`);
}

// The session of a connection that watches the whole tenant. It holds its watcher: nobody can reach another one's.
export function tenantSessionKey(tenantId, watcherId, connectionId) {
  return itemKey(tenantId, `${SessionsTable.TENANT_PREFIX}${watcherId}#${connectionId}`);
}

// Where endSessions notes that it ended a user's logins.
export function endedLoginKey(tenantId, userId) {
  return itemKey(tenantId, `${SessionsTable.ENDED_PREFIX}${userId}`);
}

export function putSession(key, expiresAt) {
  return {
    operation: 'PutItem',
    key,
    attributeValues: util.dynamodb.toMapValues({ [SessionsTable.TTL]: expiresAt }),
  };
}

function itemKey(tenantId, sortKey) {
  return util.dynamodb.toMapValues({ [SessionsTable.PARTITION_KEY]: tenantId, [SessionsTable.SORT_KEY]: sortKey });
}
