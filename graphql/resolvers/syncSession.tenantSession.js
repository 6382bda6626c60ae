import { runtime, util } from '@aws-appsync/utils';

// What an operator watches the tenant with (onTenantStatus) under the same connection id is extended and closed along.
// It is not opened here: most of an operator's connections watch the operator's own jobs alone.
export function request(ctx) {
  const { who, expiresAt } = ctx.stash;
  if (!leads(who)) {
    runtime.earlyReturn(null);
  }
  const sk = `#tenant#${ctx.args.input.connectionId}`;
  const key = util.dynamodb.toMapValues({ tenant_id: who.tenantId, sk });
  if (ctx.args.input.action === 'close') {
    return { operation: 'DeleteItem', key };
  }
  return {
    operation: 'PutItem',
    key,
    attributeValues: util.dynamodb.toMapValues({ ttl: expiresAt }),
    condition: { expression: 'attribute_exists(sk)' },
  };
}

export function response(ctx) {
  if (ctx.error && ctx.error.type !== 'DynamoDB:ConditionalCheckFailedException') {
    storeFailed(ctx);
  }
  return null;
}
