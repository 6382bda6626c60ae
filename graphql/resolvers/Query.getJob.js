import { util } from '@aws-appsync/utils';

// Head and agents are neighbours in the table. Read backwards the head comes first, so no page can end before it.
export function request(ctx) {
  viewer(ctx);
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
  if (!isLive(head) || !mayView(viewer(ctx), head)) {
    // Somebody else's job looks exactly like one that has not begun.
    return { jobId: ctx.args.jobId, overallStatus: 'initializing', sequence: 0, agents: [] };
  }
  if (ctx.result.nextToken) {
    // DynamoDB ends a page at 1 MB, some thousand agents: what is there is shown, but not as if it were all.
    util.appendError('This job has more agents than one answer holds.', 'TooManyAgents');
  }
  return asJob(head, shownAgents(items, head));
}

// In the order they were planned or first heard of; without those of an earlier use of the job id.
function shownAgents(items, head) {
  const byPlace = {};
  for (const item of items) {
    if (item.sk !== 'HEAD' && item.epoch === head.epoch && !item.hidden) {
      byPlace[`${`000000000000000${item.order}`.slice(-15)} ${item.invocationId}`] = item;
    }
  }
  // AppSync's sort takes no comparator, so the keys sort by themselves.
  return Object.keys(byPlace)
    .sort()
    .map((place) => byPlace[place]);
}
