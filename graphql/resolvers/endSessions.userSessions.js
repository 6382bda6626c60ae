import { foundSessions } from './shared/endedSessions.js';
import { sessionsQuery, userSessionsPrefix } from './shared/sessionsTable.js';

// The sessions in which the user watches own jobs.
export function request(ctx) {
  const { userId, tenantId } = ctx.stash.user;
  return sessionsQuery(tenantId, userSessionsPrefix(userId));
}

export function response(ctx) {
  return foundSessions(ctx);
}
