import { util } from '@aws-appsync/utils';

export function request(ctx) {
  return {
    operation: 'GetItem',
    key: util.dynamodb.toMapValues({ pk: `JOB#${ctx.args.jobId}`, sk: 'HEAD' }),
    consistentRead: true,
  };
}

// The current sequence: 0 for a job that has no status yet, and for one the viewer may not see.
export function response(ctx) {
  if (ctx.error) {
    storeFailed(ctx);
  }
  const head = ctx.result;
  return isLive(head) && mayView(ctx.stash.who, head) ? head.sequence : 0;
}
