import { runtime } from '@aws-appsync/utils';
import { StatusTable } from './shared/settings.generated.js';
import { isHead, jobQuery } from './shared/statusTable.js';
import { raiseStoreError } from './shared/storeErrors.js';

// The pipeline has this function several times: it reads head and agents until they belong to one commit. They are
// adjacent in the table. In descending order, the head comes first: every page has it, and no agent is older than the head.
export function request(ctx) {
  if (ctx.stash.consistent) {
    runtime.earlyReturn(ctx.prev.result);
  }
  return {
    operation: 'Query',
    query: jobQuery(ctx.stash.caller, ctx.args.jobId, StatusTable.AGENT_PREFIX, StatusTable.HEAD),
    consistentRead: true,
    scanIndexForward: false,
  };
}

export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  const items = ctx.result.items;
  const head = items.find((item) => isHead(item));
  // Agents of an earlier use of the job id don't count.
  const newer = (item) => item.epoch === head.epoch && item.sequence > head.sequence;
  ctx.stash.consistent = !head || !items.some(newer);
  return ctx.result;
}
