import { util } from '@aws-appsync/utils';
import { StatusTable, TITLE_LENGTH } from './settings.generated.js';

// The filters of a list of jobs: the state, the workflow, the time of creation, and a part of the title in any case.

// the index's format of times, in which they compare as text
const WIRE_TIME = "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'";

// The filters of a query: {overallStatus, workflow, search, from, to}. A missing filter is null.
export function filtersOf(args) {
  const from = wireTime(args.createdAfter);
  const to = wireTime(args.createdBefore);
  if (from !== null && to !== null && from > to) {
    util.error('createdAfter must not be later than createdBefore.', 'BadRequest');
  }
  const search = args.search ? args.search.toLowerCase() : null;
  if (search !== null && search.length > 2 * TITLE_LENGTH) {
    util.error(`search must have at most ${TITLE_LENGTH} characters.`, 'BadRequest');
  }
  return { overallStatus: args.overallStatus ?? null, workflow: args.workflow ?? null, search, from, to };
}

// The part of a query's key condition for jobs created from `from` on and before `to`; either may be null.
export function createdBetween(from, to) {
  const key = StatusTable.BY_USER_SORT_KEY;
  if (from !== null && to !== null) {
    return { expression: ` AND ${key} BETWEEN :from AND :to`, values: { ':from': from, ':to': to } };
  }
  if (from !== null) {
    return { expression: ` AND ${key} >= :from`, values: { ':from': from } };
  }
  return to !== null ? { expression: ` AND ${key} < :to`, values: { ':to': to } } : { expression: '', values: {} };
}

// Whether a head, or its entry in an index by tenant, matches workflow and title.
export function isNamed(item, { workflow, search }) {
  const text = item[StatusTable.SEARCH_TEXT] ?? '';
  return (workflow === null || item.workflow === workflow) && (search === null || text.includes(search));
}

export function matches(head, filters) {
  return (filters.overallStatus === null || head.overallStatus === filters.overallStatus) && isNamed(head, filters);
}

function wireTime(text) {
  if (!text) {
    return null;
  }
  const milliseconds = util.time.parseISO8601ToEpochMilliSeconds(text);
  return util.time.epochMilliSecondsToFormatted(milliseconds, WIRE_TIME, 'UTC');
}
