import { runtime, util } from '@aws-appsync/utils';
import { LOG_EXPIRED } from './shared/pages.js';
import { StatusTable } from './shared/settings.generated.js';
import { jobQuery, updateSortKey } from './shared/statusTable.js';
import { raiseStoreError } from './shared/storeErrors.js';

// The first status that a log still has, if the requested ones have expired. DynamoDB may return expired items for days: a
// query reads 1 MB of them, some thousand statuses.
export function request(ctx) {
  const page = ctx.prev.result;
  if (page.reason !== LOG_EXPIRED) {
    runtime.earlyReturn(page);
  }
  const { caller, after } = ctx.stash;
  return {
    operation: 'Query',
    query: jobQuery(caller, ctx.args.jobId, updateSortKey(after + 1), updateSortKey(page.currentSequence)),
    filter: {
      expression: '#ttl > :now',
      expressionNames: { '#ttl': StatusTable.TTL },
      expressionValues: util.dynamodb.toMapValues({ ':now': util.time.nowEpochSeconds() }),
    },
    consistentRead: true,
  };
}

export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  const kept = ctx.result.items;
  return { ...ctx.prev.result, firstSequence: kept.length > 0 ? kept[0].sequence : null };
}
