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
    projection: { expression: 'jobId, workflow' },
  };
}

export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  const { states, counts } = ctx.stash;
  const { items, nextToken } = ctx.result;
  counts.push({
    overallStatus: states[0],
    count: items.length,
    isExact: !nextToken,
    workflows: byWorkflow(items),
  });
  ctx.stash.states = states.slice(1);
  ctx.stash.counts = counts;
  return null;
}

// A workflow may have any name. The prefix distinguishes it from the built-in properties of objects.
function byWorkflow(items) {
  const found = {};
  for (const { workflow } of items) {
    const key = workflow ? `of:${workflow}` : 'none';
    found[key] = { workflow: workflow ?? null, count: (found[key] ? found[key].count : 0) + 1 };
  }
  return Object.values(found);
}
