import { util } from '@aws-appsync/utils';
import { SessionsTable } from './settings.generated.js';

// Keys of the sessions table. User ids have no #, so keys of different kinds never collide.

export function userSessionKey(tenantId, userId, connectionId) {
  return itemKey(tenantId, `${userSessionsPrefix(userId)}${connectionId}`);
}

// The session of a connection that watches the whole tenant. Its key has the watcher, so nobody can change another one's.
export function tenantSessionKey(tenantId, watcherId, connectionId) {
  return itemKey(tenantId, `${tenantSessionsPrefix(watcherId)}${connectionId}`);
}

// The item in which endSessions marks a user's logins as ended.
export function endedLoginKey(tenantId, userId) {
  return itemKey(tenantId, `${SessionsTable.ENDED_PREFIX}${userId}`);
}

// Opens or extends a session. `joined`: whether the client reads `earlier`; null leaves this unchanged. One connection may
// hold subscriptions of both kinds: after a plain one, its session stays plain.
export function keepSession(key, expiresAt, joined) {
  const sets = ['#ttl = :ttl'];
  const names = { '#ttl': SessionsTable.TTL };
  const values = { ':ttl': expiresAt };
  if (typeof joined === 'boolean') {
    sets.push(joined ? '#joined = if_not_exists(#joined, :joined)' : '#joined = :joined');
    names['#joined'] = SessionsTable.JOINED;
    values[':joined'] = joined;
  }
  return {
    operation: 'UpdateItem',
    key,
    update: {
      expression: `SET ${sets.join(', ')}`,
      expressionNames: names,
      expressionValues: util.dynamodb.toMapValues(values),
    },
  };
}

// The sort key prefixes of sessions in which a user watches own jobs, or the tenant.
export function userSessionsPrefix(userId) {
  return `${userId}#`;
}

export function tenantSessionsPrefix(watcherId) {
  return `${SessionsTable.TENANT_PREFIX}${watcherId}#`;
}

// The most items that one transaction can delete.
export function sessionsQuery(tenantId, prefix) {
  return {
    operation: 'Query',
    query: {
      expression: `${SessionsTable.PARTITION_KEY} = :tenant AND begins_with(${SessionsTable.SORT_KEY}, :prefix)`,
      expressionValues: util.dynamodb.toMapValues({ ':tenant': tenantId, ':prefix': prefix }),
    },
    consistentRead: true,
    limit: 100,
  };
}

export function deleteSession(table, session) {
  const key = itemKey(session[SessionsTable.PARTITION_KEY], session[SessionsTable.SORT_KEY]);
  return { table, operation: 'DeleteItem', key };
}

function itemKey(tenantId, sortKey) {
  return util.dynamodb.toMapValues({ [SessionsTable.PARTITION_KEY]: tenantId, [SessionsTable.SORT_KEY]: sortKey });
}
