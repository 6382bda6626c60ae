import { runtime } from '@aws-appsync/utils';
import { leaveSessions } from './shared/endedSessions.js';
import { deleteSession } from './shared/sessionsTable.js';
import { ResolverVariables } from './shared/settings.generated.js';

// Deletes the sessions that the function before this one found.
export function request(ctx) {
  const found = ctx.prev.result;
  if (found.length === 0) {
    runtime.earlyReturn([]);
  }
  const table = ctx.env[ResolverVariables.SESSIONS_TABLE];
  return { operation: 'TransactWriteItems', transactItems: found.map((session) => deleteSession(table, session)) };
}

export function response(ctx) {
  if (ctx.error) {
    leaveSessions(ctx);
  }
  return [];
}
