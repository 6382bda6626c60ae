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
  const agents = items.filter((item) => item.sk.startsWith('AGENT#'));
  return { ...head, overallStatus: head.overallStatus ?? 'initializing', agents: agents.reverse() };
}
