import { util } from '@aws-appsync/utils';
import { canView } from './shared/canView.js';
import { toAgent, toJob } from './shared/job.js';
import { OverallStatus, StatusTable } from './shared/settings.generated.js';
import { exists, isHead, padded } from './shared/statusTable.js';
import { viewer } from './shared/viewer.js';

// the number of digits to which an agent's order is padded
const ORDER_DIGITS = 15;

// The functions read until head and agents belong to one commit, or give up.
export function request(ctx) {
  ctx.stash.caller = viewer(ctx);
  return {};
}

export function response(ctx) {
  const { items, nextToken } = ctx.prev.result;
  const head = items.find((item) => isHead(item));
  if (!exists(head) || !canView(ctx.stash.caller, head)) {
    // Another user's job looks exactly like one that has not begun.
    const jobId = ctx.args.jobId;
    return { jobId, overallStatus: OverallStatus.INITIALIZING, sequence: 0, run: 1, agents: [] };
  }
  if (!ctx.stash.consistent) {
    util.error('The job changed during every read. Try again.', 'JobMoved');
  }
  if (nextToken) {
    // DynamoDB ends a page at 1 MB, some thousand agents. The answer has these agents, and an error for the missing ones.
    util.appendError('This job has more agents than one answer holds.', 'TooManyAgents');
  }
  const agents = inOrder(items, head);
  // The client also folds the hidden agents, without their table keys.
  const noKeys = { [StatusTable.PARTITION_KEY]: null, [StatusTable.SORT_KEY]: null };
  const hidden = agents.filter((agent) => agent.hidden).map((agent) => ({ ...agent, ...noKeys }));
  return toJob(
    head,
    agents.filter((agent) => !agent.hidden),
    hidden
  );
}

// In the order in which they were planned or first reported, without those of older runs and of an earlier use of the
// job id.
function inOrder(items, head) {
  const byOrder = {};
  for (const item of items) {
    if (!isHead(item) && item.epoch === head.epoch && item.run === head.run) {
      byOrder[`${padded(item.order, ORDER_DIGITS)} ${item.invocationId}`] = toAgent(item, head);
    }
  }
  // AppSync's sort takes no comparator, so the keys sort by themselves.
  return Object.keys(byOrder)
    .sort()
    .map((key) => byOrder[key]);
}
