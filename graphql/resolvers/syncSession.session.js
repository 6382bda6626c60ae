import { util } from '@aws-appsync/utils';

// Clients extend every few minutes; one that fell silent stops costing pushes after this.
const SESSION_SECONDS = 900;

export function request(ctx) {
  const key = util.dynamodb.toMapValues(ctx.stash.session);
  if (ctx.args.input.action === 'close') {
    ctx.stash.expiresAt = 0;
    return { operation: 'DeleteItem', key };
  }
  ctx.stash.expiresAt = util.time.nowEpochSeconds() + SESSION_SECONDS;
  return { operation: 'PutItem', key, attributeValues: util.dynamodb.toMapValues({ ttl: ctx.stash.expiresAt }) };
}

export function response(ctx) {
  if (ctx.error) {
    storeFailed(ctx);
  }
  return null;
}
