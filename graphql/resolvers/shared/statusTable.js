import { util } from '@aws-appsync/utils';
import { ResolverVariables, StatusTable } from './settings.generated.js';
import { raiseStoreBusy } from './storeErrors.js';

// Keys and reads of the status table. statusbeam/log/journal/dynamo_items.py writes the items.

export function headKey(jobId) {
  return itemKey(jobId, StatusTable.HEAD);
}

export function updateKey(jobId, sequence) {
  return itemKey(jobId, updateSortKey(sequence));
}

export function isHead(item) {
  return item[StatusTable.SORT_KEY] === StatusTable.HEAD;
}

// DynamoDB may return expired items for days.
export function exists(item) {
  const expiresAt = item ? item[StatusTable.TTL] : null;
  return !!item && (!expiresAt || expiresAt > util.time.nowEpochSeconds());
}

// The query of the items of one job whose sort keys are between two, both included.
export function jobQuery(jobId, first, last) {
  return {
    expression: `${StatusTable.PARTITION_KEY} = :pk AND ${StatusTable.SORT_KEY} BETWEEN :first AND :last`,
    expressionValues: util.dynamodb.toMapValues({ ':pk': `${StatusTable.JOB_PREFIX}${jobId}`, ':first': first, ':last': last }),
  };
}

export function updateSortKey(sequence) {
  return `${StatusTable.UPDATE_PREFIX}${padded(sequence, StatusTable.SEQUENCE_DIGITS)}`;
}

// With leading zeros, so that numbers sort as text. AppSync has no padStart and no repeat.
export function padded(number, digits) {
  return `0000000000000000${number}`.slice(-digits);
}

export function batchGet(ctx, keys) {
  return {
    operation: 'BatchGetItem',
    tables: { [ctx.env[ResolverVariables.STATUS_TABLE]]: { keys, consistentRead: true } },
  };
}

// The items that a batchGet found. An item that DynamoDB left out would look like one that does not exist.
export function batchItems(ctx) {
  const table = ctx.env[ResolverVariables.STATUS_TABLE];
  const unprocessed = ctx.result.unprocessedKeys ? ctx.result.unprocessedKeys[table] : null;
  if (unprocessed && unprocessed.length > 0) {
    raiseStoreBusy();
  }
  return ctx.result.data[table].filter((item) => !!item);
}

function itemKey(jobId, sortKey) {
  return util.dynamodb.toMapValues({
    [StatusTable.PARTITION_KEY]: `${StatusTable.JOB_PREFIX}${jobId}`,
    [StatusTable.SORT_KEY]: sortKey,
  });
}
