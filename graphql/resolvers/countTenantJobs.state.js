import { util } from '@aws-appsync/utils';
import { JOBS_COUNTED, StatusTable } from './shared/settings.generated.js';
import { raiseStoreError } from './shared/storeErrors.js';
import { stateQuery } from './shared/tenantIndex.js';

// The pipeline has this function once for each state: each takes the next one of ctx.stash.states.
export function request(ctx) {
  const { states, caller, filters } = ctx.stash;
  return {
    ...stateQuery(caller, states[0], filters.from, filters.to),
    limit: JOBS_COUNTED,
    filter: {
      expression: '#ttl > :now',
      expressionNames: { '#ttl': StatusTable.TTL },
      expressionValues: util.dynamodb.toMapValues({ ':now': util.time.nowEpochSeconds() }),
    },
    projection: { expression: 'jobId' },
  };
}

export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  const { states, counts } = ctx.stash;
  counts.push({ overallStatus: states[0], count: ctx.result.items.length, isExact: !ctx.result.nextToken });
  ctx.stash.states = states.slice(1);
  ctx.stash.counts = counts;
  return null;
}
