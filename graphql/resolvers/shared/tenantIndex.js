import { util } from '@aws-appsync/utils';
import { createdBetween } from './jobFilters.js';
import { OverallStatus, StatusTable } from './settings.generated.js';

// The index by tenant. It has the jobs of each overall state apart, by the time of their creation.

// In the order of a job's life: a job that moves on between two reads is seen twice and not missed.
export function statesOf({ overallStatus }) {
  return overallStatus !== null ? [overallStatus] : Object.values(OverallStatus);
}

// The jobs of one state of the caller's tenant, the newest first, created from `from` on and before `to`.
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
