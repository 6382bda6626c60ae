import { util } from '@aws-appsync/utils';
import { ResolverVariables, StatusTable } from './settings.generated.js';
import { raiseStoreBusy } from './storeErrors.js';

// Keys and reads of the status table. statusbeam/log/journal/dynamo_items.py writes the items.
// Every key has the caller's own tenant, so no argument can name another tenant's job.

export function headKey(caller, jobId) {
  return itemKey(caller, jobId, StatusTable.HEAD);
}

export function agentKey(caller, jobId, invocationId) {
  return itemKey(caller, jobId, `${StatusTable.AGENT_PREFIX}${invocationId}`);
}

export function updateKey(caller, jobId, sequence) {
  return itemKey(caller, jobId, updateSortKey(sequence));
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
export function jobQuery(caller, jobId, first, last) {
  return {
    expression: `${StatusTable.PARTITION_KEY} = :pk AND ${StatusTable.SORT_KEY} BETWEEN :first AND :last`,
    expressionValues: util.dynamodb.toMapValues({ ':pk': partition(caller, jobId), ':first': first, ':last': last }),
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

// The items of a batchGet. Without this check, an unprocessed key would look like a missing item.
export function batchItems(ctx) {
  const table = ctx.env[ResolverVariables.STATUS_TABLE];
  const unprocessed = ctx.result.unprocessedKeys ? ctx.result.unprocessedKeys[table] : null;
  if (unprocessed && unprocessed.length > 0) {
    raiseStoreBusy();
  }
  return ctx.result.data[table].filter((item) => !!item);
}

function itemKey(caller, jobId, sortKey) {
  return util.dynamodb.toMapValues({
    [StatusTable.PARTITION_KEY]: partition(caller, jobId),
    [StatusTable.SORT_KEY]: sortKey,
  });
}

function partition(caller, jobId) {
  return `${StatusTable.JOB_PREFIX}${escapeKeyPart(caller.tenantId)}#${escapeKeyPart(jobId)}`;
}

// Escapes like statusbeam/model/job_key.py, so that `#` only separates the parts.
function escapeKeyPart(part) {
  return part.replaceAll('%', '%25').replaceAll('#', '%23');
}
