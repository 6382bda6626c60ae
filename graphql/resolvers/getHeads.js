import { runtime } from '@aws-appsync/utils';
import { batchGet, batchItems, headKey } from './shared/statusTable.js';
import { raiseStoreError } from './shared/storeErrors.js';

// The heads of the jobs in ctx.stash.jobIds, in that order. Jobs without one are left out.
export function request(ctx) {
  const jobIds = ctx.stash.jobIds;
  if (jobIds.length === 0) {
    runtime.earlyReturn([]);
  }
  // DynamoDB refuses a batch that names a key twice.
  const distinct = jobIds.filter((jobId, at) => jobIds.indexOf(jobId) === at);
  return batchGet(
    ctx,
    distinct.map((jobId) => headKey(ctx.stash.caller, jobId))
  );
}

export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  const heads = batchItems(ctx);
  return ctx.stash.jobIds.map((jobId) => heads.find((head) => head.jobId === jobId)).filter((head) => !!head);
}
