import { runtime, util } from '@aws-appsync/utils';
import { createdBetween, filtersOf } from './shared/jobFilters.js';
import { refuseToken } from './shared/jobPages.js';
import { StatusTable } from './shared/settings.generated.js';
import { raiseStoreError } from './shared/storeErrors.js';

// DynamoDB reads `limit` jobs created in the range, and leaves out those that do not match the other filters.
export function request(ctx) {
  const { caller, limit } = ctx.stash;
  if (caller.jobIds !== null) {
    runtime.earlyReturn(null);
  }
  const filters = filtersOf(ctx.args);
  const created = createdBetween(filters.from, filters.to);
  const values = { ':user': `${StatusTable.USER_PREFIX}${caller.tenantId}#${caller.userId}`, ...created.values };
  const page = {
    operation: 'Query',
    index: StatusTable.BY_USER,
    query: {
      expression: `${StatusTable.BY_USER_PARTITION_KEY} = :user${created.expression}`,
      expressionValues: util.dynamodb.toMapValues(values),
    },
    scanIndexForward: false,
    limit,
  };
  if (ctx.args.nextToken) {
    page.nextToken = ctx.args.nextToken;
  }
  const filter = filterOf(filters);
  return filter ? { ...page, filter } : page;
}

export function response(ctx) {
  if (ctx.error) {
    if (ctx.args.nextToken && isTokenError(ctx.error.message)) {
      refuseToken();
    }
    raiseStoreError(ctx);
  }
  ctx.stash.nextToken = ctx.result.nextToken ?? null;
  ctx.stash.jobIds = ctx.result.items.map((item) => item.jobId);
  return null;
}

function filterOf({ overallStatus, workflow, search }) {
  const conditions = [];
  const values = {};
  if (overallStatus !== null) {
    conditions.push('overallStatus = :state');
    values[':state'] = overallStatus;
  }
  if (workflow !== null) {
    conditions.push('workflow = :workflow');
    values[':workflow'] = workflow;
  }
  if (search !== null) {
    conditions.push(`contains(${StatusTable.SEARCH_TEXT}, :search)`);
    values[':search'] = search;
  }
  if (conditions.length === 0) {
    return null;
  }
  return { expression: conditions.join(' AND '), expressionValues: util.dynamodb.toMapValues(values) };
}

// AppSync's and DynamoDB's messages about a token that is invalid, or belongs to another query.
function isTokenError(message) {
  const text = `${message}`.toLowerCase();
  return text.includes('pagination token') || text.includes('start key') || text.includes('starting key');
}
