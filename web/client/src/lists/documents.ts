// The GraphQL documents for lists, for graphql/schema.graphql.

import { HEAD } from '../client/selections.ts';

const listOf = (field: string) => `query (
$limit: Int, $nextToken: String, $overallStatus: OverallStatus, $workflow: String
$createdAfter: AWSDateTime, $createdBefore: AWSDateTime, $search: String
) { ${field}(
limit: $limit, nextToken: $nextToken, overallStatus: $overallStatus, workflow: $workflow
createdAfter: $createdAfter, createdBefore: $createdBefore, search: $search
) { jobs { ${HEAD} fold } nextToken } }`;

export const LIST_JOBS = listOf('listJobs');

export const LIST_TENANT_JOBS = listOf('listTenantJobs');

export const COUNT_TENANT_JOBS = `query ($createdAfter: AWSDateTime, $createdBefore: AWSDateTime) {
countTenantJobs(createdAfter: $createdAfter, createdBefore: $createdBefore) {
overallStatus count isExact workflows { workflow count } } }`;
