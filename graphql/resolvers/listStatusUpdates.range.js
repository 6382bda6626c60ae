import { runtime, util } from '@aws-appsync/utils';

export function request(ctx) {
  const after = ctx.stash.after;
  const current = ctx.prev.result;
  if (after === current) {
    runtime.earlyReturn(page([], current, after));
  }
  if (after > current) {
    runtime.earlyReturn(refusal(current, 'ahead_of_log'));
  }
  return {
    operation: 'Query',
    query: {
      expression: 'pk = :pk AND sk BETWEEN :first AND :last',
      expressionValues: util.dynamodb.toMapValues({
        ':pk': `JOB#${ctx.args.jobId}`,
        ':first': updateKey(after + 1),
        ':last': updateKey(current),
      }),
    },
    consistentRead: true,
    limit: ctx.stash.limit,
  };
}

export function response(ctx) {
  if (ctx.error) {
    storeFailed(ctx);
  }
  const after = ctx.stash.after;
  const current = ctx.prev.result;
  const updates = ctx.result.items.filter((item) => isLive(item));
  if (updates.length === 0 || updates[0].sequence !== after + 1) {
    return refusal(current, 'log_expired');
  }
  const last = updates[updates.length - 1].sequence;
  if (last - after !== updates.length) {
    return refusal(current, 'gap_in_log');
  }
  return page(updates.map(asUpdate), current, last);
}

// Never a partial list that looks whole.
function refusal(current, reason) {
  return { updates: [], currentSequence: current, nextAfterSequence: current, recovered: false, reason };
}

function page(updates, current, next) {
  return { updates, currentSequence: current, nextAfterSequence: next, recovered: true, reason: null };
}

// The log keeps metadata as JSON text, AWSJSON wants the value: given text, it would quote it once more.
function asUpdate(item) {
  return { ...item, metadata: item.metadata ? JSON.parse(item.metadata) : null };
}

function updateKey(sequence) {
  return `UPDATE#${`000000000000${sequence}`.slice(-12)}`;
}
