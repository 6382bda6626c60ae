import { util } from '@aws-appsync/utils';
import { createdBetween } from './jobFilters.js';
import { OverallStatus, StatusTable } from './settings.generated.js';

// The index by tenant. It has a partition for each overall state, sorted by the jobs' creation.

// In the order of a job's life, so that a job that changes its state between two reads is read twice and not missed.
export function statesOf({ overallStatus }) {
  return overallStatus !== null ? [overallStatus] : Object.values(OverallStatus);
}

// The jobs of one state in the caller's tenant, newest first, created from `from` on and before `to`.
export function stateQuery(caller, state, from, to) {
  const created = createdBetween(from, to);
  const values = { ':state': `${StatusTable.TENANT_PREFIX}${caller.tenantId}#${state}`, ...created.values };
  return {
    operation: 'Query',
    index: StatusTable.BY_TENANT,
    query: {
      expression: `${StatusTable.BY_TENANT_PARTITION_KEY} = :state${created.expression}`,
      expressionValues: util.dynamodb.toMapValues(values),
    },
    scanIndexForward: false,
  };
}

// A place in the index: the time of a job's creation and its id.
export function placeOf(item) {
  return item[StatusTable.BY_TENANT_SORT_KEY];
}

export function isPlace(text) {
  return util.matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z#.+', text);
}
