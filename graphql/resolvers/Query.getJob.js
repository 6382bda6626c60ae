import { util } from '@aws-appsync/utils';

// The step reads until head and agents are of one commit, or gives up.
export function request(ctx) {
  viewer(ctx);
  return {};
}

export function response(ctx) {
  const { items, nextToken } = ctx.prev.result;
  const head = items.find((item) => item.sk === 'HEAD');
  if (!isLive(head) || !mayView(viewer(ctx), head)) {
    // Somebody else's job looks exactly like one that has not begun.
    return { jobId: ctx.args.jobId, overallStatus: 'initializing', sequence: 0, agents: [] };
  }
  if (!ctx.stash.settled) {
    util.error('The job moved during each read. Try again.', 'JobMoved');
  }
  if (nextToken) {
    // DynamoDB ends a page at 1 MB, some thousand agents: what is there is shown, but not as if it were all.
    util.appendError('This job has more agents than one answer holds.', 'TooManyAgents');
  }
  const agents = inOrder(items, head);
  const hidden = agents.filter((agent) => agent.hidden).map((agent) => ({ ...agent, pk: null, sk: null }));
  return asJob(
    head,
    agents.filter((agent) => !agent.hidden),
    hidden
  );
}

// In the order they were planned or first heard of; without those of an earlier use of the job id.
function inOrder(items, head) {
  const byPlace = {};
  for (const item of items) {
    if (item.sk !== 'HEAD' && item.epoch === head.epoch) {
      byPlace[`${`000000000000000${item.order}`.slice(-15)} ${item.invocationId}`] = asAgent(item);
    }
  }
  // AppSync's sort takes no comparator, so the keys sort by themselves.
  return Object.keys(byPlace)
    .sort()
    .map((place) => byPlace[place]);
}
