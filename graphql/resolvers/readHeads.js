import { runtime, util } from '@aws-appsync/utils';

// A pipeline's step: the heads of the jobs named in ctx.stash.jobIds, in that order; jobs without one are left out.
export function request(ctx) {
  const jobIds = ctx.stash.jobIds;
  if (jobIds.length === 0) {
    runtime.earlyReturn([]);
  }
  // DynamoDB refuses a batch that names a key twice.
  const distinct = jobIds.filter((jobId, at) => jobIds.indexOf(jobId) === at);
  const keys = distinct.map((jobId) => util.dynamodb.toMapValues({ pk: `JOB#${jobId}`, sk: 'HEAD' }));
  return { operation: 'BatchGetItem', tables: { [ctx.env.STATUS_TABLE]: { keys, consistentRead: true } } };
}

export function response(ctx) {
  if (ctx.error) {
    storeFailed(ctx);
  }
  const table = ctx.env.STATUS_TABLE;
  const left = ctx.result.unprocessedKeys ? ctx.result.unprocessedKeys[table] : null;
  if (left && left.length > 0) {
    // A job left out here would look like one without any status.
    util.error('The status store is busy. Try again.', 'StoreUnavailable');
  }
  const heads = ctx.result.data[table].filter((head) => !!head);
  return ctx.stash.jobIds
    .map((jobId) => heads.find((head) => head.jobId === jobId))
    .filter((head) => !!head);
}
