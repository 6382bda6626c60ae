import { runtime, util } from '@aws-appsync/utils';
import { StatusTable } from './shared/settings.generated.js';
import { raiseStoreError } from './shared/storeErrors.js';

export function request(ctx) {
  const caller = ctx.stash.caller;
  if (caller.jobIds !== null) {
    runtime.earlyReturn(null);
  }
  const page = {
    operation: 'Query',
    index: StatusTable.BY_USER,
    query: {
      expression: `${StatusTable.BY_USER_PARTITION_KEY} = :user`,
      expressionValues: util.dynamodb.toMapValues({
        ':user': `${StatusTable.USER_PREFIX}${caller.tenantId}#${caller.userId}`,
      }),
    },
    scanIndexForward: false,
    limit: ctx.stash.limit,
  };
  if (ctx.args.nextToken) {
    page.nextToken = ctx.args.nextToken;
  }
  if (ctx.args.overallStatus) {
    page.filter = {
      expression: 'overallStatus = :state',
      expressionValues: util.dynamodb.toMapValues({ ':state': ctx.args.overallStatus }),
    };
  }
  return page;
}

export function response(ctx) {
  if (ctx.error) {
    if (ctx.args.nextToken && isTokenError(ctx.error.message)) {
      util.error('nextToken is not from this list.', 'BadRequest');
    }
    raiseStoreError(ctx);
  }
  ctx.stash.nextToken = ctx.result.nextToken ?? null;
  ctx.stash.jobIds = ctx.result.items.map((item) => item.jobId);
  return null;
}

// AppSync's and DynamoDB's messages about a token that they did not make, or made for another query.
function isTokenError(message) {
  const text = `${message}`.toLowerCase();
  return text.includes('pagination token') || text.includes('start key') || text.includes('starting key');
}
