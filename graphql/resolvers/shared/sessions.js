import { util } from '@aws-appsync/utils';
import { CONNECTION_SECONDS, ID_LENGTH, SESSION_SECONDS } from './settings.generated.js';

// The session that a subscription records: the client's own, which syncSession extends, or one that lasts as long as
// AppSync keeps a connection.
export function newSession(connectionId) {
  if (!connectionId) {
    return { id: util.autoId(), seconds: CONNECTION_SECONDS };
  }
  checkConnectionId(connectionId);
  return { id: connectionId, seconds: SESSION_SECONDS };
}

export function checkConnectionId(connectionId) {
  if (!util.matches(`^[A-Za-z0-9_-]{1,${ID_LENGTH}}$`, connectionId)) {
    util.error(`connectionId must have 1 to ${ID_LENGTH} characters of A-Z a-z 0-9 _ -.`, 'BadRequest');
  }
}
