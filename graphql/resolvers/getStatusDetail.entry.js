import { util } from '@aws-appsync/utils';

export function request(ctx) {
  const { jobId, sequence } = ctx.args;
  const keys = ['HEAD', updateKey(sequence)].map((sk) => util.dynamodb.toMapValues({ pk: `JOB#${jobId}`, sk }));
  return { operation: 'BatchGetItem', tables: { [ctx.env.STATUS_TABLE]: { keys, consistentRead: true } } };
}

export function response(ctx) {
  if (ctx.error) {
    storeFailed(ctx);
  }
  const table = ctx.env.STATUS_TABLE;
  const left = ctx.result.unprocessedKeys ? ctx.result.unprocessedKeys[table] : null;
  if (left && left.length > 0) {
    util.error('The status store is busy. Try again.', 'StoreUnavailable');
  }
  const items = ctx.result.data[table].filter((item) => isLive(item));
  const head = items.find((item) => item.sk === 'HEAD');
  const entry = items.find((item) => item.sk !== 'HEAD');
  const answer = { jobId: ctx.args.jobId, sequence: ctx.args.sequence, detail: null, operatorDetail: null };
  const who = ctx.stash.who;
  if (!entry || !mayView(who, head) || entry.sequence > head.sequence) {
    // Somebody else's status looks exactly like one that does not exist.
    return answer;
  }
  const metadata = entry.metadata ? JSON.parse(entry.metadata) : null;
  // By itself the word proves nothing: callers may use it, too.
  const mark = metadata ? metadata.spilled : null;
  answer.detail = mark && (entry.detailKey || mark.stored === false) ? null : metadata;
  answer.operatorDetail = leads(who) && entry.operatorDetail ? JSON.parse(entry.operatorDetail) : null;
  ctx.stash.detailKey = entry.detailKey ?? null;
  return answer;
}

function updateKey(sequence) {
  return `UPDATE#${`000000000000${sequence}`.slice(-12)}`;
}
