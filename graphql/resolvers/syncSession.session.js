import { util } from '@aws-appsync/utils';
import { keepSession } from './shared/sessionsTable.js';
import { SESSION_SECONDS } from './shared/settings.generated.js';
import { raiseStoreError } from './shared/storeErrors.js';

// Clients extend their session every few minutes. The publisher stops pushing to a silent client when its session ends.
export function request(ctx) {
  const key = ctx.stash.sessionKey;
  if (ctx.args.input.action === 'close') {
    ctx.stash.expiresAt = 0;
    return { operation: 'DeleteItem', key };
  }
  ctx.stash.expiresAt = util.time.nowEpochSeconds() + SESSION_SECONDS;
  return keepSession(key, ctx.stash.expiresAt, ctx.stash.joined);
}

export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  return null;
}
