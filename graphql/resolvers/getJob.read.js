import { runtime, util } from '@aws-appsync/utils';

// A pipeline's step, there several times: head and agents, read until they are of one moment. They are neighbours in the
// table; read backwards the head comes first, so no page can end before it and no agent is older than it.
export function request(ctx) {
  if (ctx.stash.settled) {
    runtime.earlyReturn(ctx.prev.result);
  }
  return {
    operation: 'Query',
    query: {
      expression: 'pk = :pk AND sk BETWEEN :first AND :last',
      expressionValues: util.dynamodb.toMapValues({
        ':pk': `JOB#${ctx.args.jobId}`,
        ':first': 'AGENT#',
        ':last': 'HEAD',
      }),
    },
    consistentRead: true,
    scanIndexForward: false,
  };
}

export function response(ctx) {
  if (ctx.error) {
    storeFailed(ctx);
  }
  const items = ctx.result.items;
  const head = items.find((item) => item.sk === 'HEAD');
  // Those of an earlier use of the job id don't count.
  const newer = (item) => item.epoch === head.epoch && item.sequence > head.sequence;
  ctx.stash.settled = !head || !items.some(newer);
  return ctx.result;
}
