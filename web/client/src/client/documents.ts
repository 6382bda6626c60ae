// The GraphQL documents of the client, for graphql/schema.graphql.

const UPDATE = `jobId userId tenantId eventId sequence type status qualifiedStatus message agentName invocationId
  parentInvocationId attempt toolName progress etaSeconds executionTimeMs timestamp metadata`;

const WAITING = 'for prompt since until invocationId';

const HEAD = `jobId userId tenantId sessionId correlationId documentId sourceType workflow title run runFirstSequence overallStatus
  totalTokenUsage { inputTokens outputTokens totalTokens } progress eta { p50 p90 } result
  waiting { ${WAITING} } cancelRequest { by reason at } liveness leaseExpiresAt
  sequence epoch createdAt lastUpdated expiresAt`;

const AGENT = `name invocationId parentInvocationId attempt status waiting { ${WAITING} } liveness activity startedAt completedAt duration progress
  tokenUsage { inputTokens outputTokens totalTokens } dependsOn tools leaseExpiresAt`;

/** `joined`: this client reads `earlier`. */
export const ON_STATUS_UPDATE = `subscription OnStatusUpdate($userId: ID!, $jobId: ID, $connectionId: ID) {
  onStatusUpdate(userId: $userId, jobId: $jobId, connectionId: $connectionId, joined: true) { ${UPDATE} earlier { ${UPDATE} } }
}`;

export const ON_TENANT_STATUS = `subscription OnTenantStatus($tenantId: ID!, $connectionId: ID) {
  onTenantStatus(tenantId: $tenantId, connectionId: $connectionId, joined: true) { ${UPDATE} earlier { ${UPDATE} } }
}`;

/** `fold` is the fold's own state, to go on from. */
export const GET_JOB = `query GetJob($jobId: ID!) {
  getJob(jobId: $jobId) { ${HEAD} fold agents { ${AGENT} fold } }
}`;

export const LIST_JOBS = `query ListJobs($limit: Int, $nextToken: String, $overallStatus: OverallStatus) {
  listJobs(limit: $limit, nextToken: $nextToken, overallStatus: $overallStatus) { jobs { ${HEAD} agents { ${AGENT} } } nextToken }
}`;

export const LIST_STATUS_UPDATES = `query ListStatusUpdates($jobId: ID!, $afterSequence: Int, $limit: Int) {
  listStatusUpdates(jobId: $jobId, afterSequence: $afterSequence, limit: $limit) {
    updates { ${UPDATE} } currentSequence nextAfterSequence recovered reason firstSequence
  }
}`;

export const GET_STATUS_DETAIL = `query GetStatusDetail($jobId: ID!, $sequence: Int!) {
  getStatusDetail(jobId: $jobId, sequence: $sequence) { jobId sequence detail operatorDetail }
}`;

export const SYNC_SESSION = `mutation SyncSession($input: SessionInput!) {
  syncSession(input: $input) { connectionId expiresAt jobs { jobId sequence epoch } }
}`;
