import { foundSessions } from './shared/endedSessions.js';
import { sessionsQuery, tenantSessionsPrefix } from './shared/sessionsTable.js';

// The sessions in which the user watches the tenant.
export function request(ctx) {
  const { userId, tenantId } = ctx.stash.user;
  return sessionsQuery(tenantId, tenantSessionsPrefix(userId));
}

export function response(ctx) {
  return foundSessions(ctx);
}
