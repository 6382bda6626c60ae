// The GraphQL documents of the client, for graphql/schema.graphql.

import { HEAD, STATE, UPDATE, USAGE } from './selections.ts';

/** `joined`: this client reads `earlier`. */
const subscription = (variables: string, selected: string) =>
  `subscription (${variables}, $connectionId: ID) { ${selected}, connectionId: $connectionId, joined: true) {
${UPDATE} earlier { ${UPDATE} } } }`;

export const ON_STATUS_UPDATE = subscription('$userId: ID!, $jobId: ID', 'onStatusUpdate(userId: $userId, jobId: $jobId');

export const ON_TENANT_STATUS = subscription('$tenantId: ID!', 'onTenantStatus(tenantId: $tenantId');

/** `fold` is the fold's own state, from which the client continues. */
export const GET_JOB = `query ($jobId: ID!) { getJob(jobId: $jobId) { ${HEAD} fold agents {
name invocationId parentInvocationId attempt status activity startedAt completedAt duration tokenUsage ${USAGE} dependsOn tools
${STATE} fold } } }`;

export const LIST_STATUS_UPDATES = `query ($jobId: ID!, $afterSequence: Int, $limit: Int) {
listStatusUpdates(jobId: $jobId, afterSequence: $afterSequence, limit: $limit) {
updates { ${UPDATE} } currentSequence nextAfterSequence recovered reason firstSequence } }`;

export const GET_STATUS_DETAIL = `query ($jobId: ID!, $sequence: Int!) {
getStatusDetail(jobId: $jobId, sequence: $sequence) { detail operatorDetail } }`;

export const SYNC_SESSION = `mutation ($input: SessionInput!) {
syncSession(input: $input) { expiresAt jobs { jobId sequence epoch } } }`;

export const CANCEL_JOB = 'mutation ($jobId: ID!, $reason: String) { cancelJob(jobId: $jobId, reason: $reason) { jobId } }';

export const ANSWER_WAITING = `mutation ($jobId: ID!, $approved: Boolean!, $invocationId: ID, $comment: String) {
answerWaiting(jobId: $jobId, approved: $approved, invocationId: $invocationId, comment: $comment) { jobId } }`;
