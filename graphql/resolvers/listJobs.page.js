import { runtime, util } from '@aws-appsync/utils';

export function request(ctx) {
  const who = ctx.stash.who;
  if (who.jobIds !== null) {
    runtime.earlyReturn(null);
  }
  const page = {
    operation: 'Query',
    index: 'byUser',
    query: {
      expression: 'userKey = :user',
      expressionValues: util.dynamodb.toMapValues({ ':user': `USER#${who.tenantId}#${who.userId}` }),
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
    if (ctx.args.nextToken && isAboutToken(ctx.error.message)) {
      util.error('nextToken is not one that this list gave.', 'BadRequest');
    }
    storeFailed(ctx);
  }
  ctx.stash.nextToken = ctx.result.nextToken ?? null;
  ctx.stash.jobIds = ctx.result.items.map((item) => item.jobId);
  return null;
}

// What AppSync and DynamoDB say of a token that they did not make, or made for another query.
function isAboutToken(message) {
  const said = `${message}`.toLowerCase();
  return said.includes('pagination token') || said.includes('start key') || said.includes('starting key');
}
