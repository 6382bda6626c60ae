// The GraphQL documents of the client. They select what graphql/schema.graphql has; `plain` leaves out what older
// deployments don't know: the fold's own state, and sessions that live as long as they are extended.

const UPDATE = `jobId userId tenantId eventId sequence type status qualifiedStatus message agentName invocationId
  parentInvocationId attempt toolName progress etaSeconds executionTimeMs timestamp metadata`;

const HEAD = `jobId userId tenantId sessionId correlationId documentId sourceType overallStatus
  totalTokenUsage { inputTokens outputTokens totalTokens } progress eta { p50 p90 } liveness leaseExpiresAt
  sequence epoch createdAt lastUpdated expiresAt`;

const AGENT = `name invocationId parentInvocationId attempt status activity startedAt completedAt duration progress
  tokenUsage { inputTokens outputTokens totalTokens } dependsOn tools leaseExpiresAt`;

export interface Documents {
  readonly onStatusUpdate: string;
  readonly onTenantStatus: string;
  readonly getJob: string;
  readonly listJobs: string;
  readonly listStatusUpdates: string;
  readonly getStatusDetail: string;
  readonly syncSession: string;
}

function documents(isPlain: boolean): Documents {
  const fold = isPlain ? '' : 'fold';
  const [declared, passed] = isPlain ? ['', ''] : [', $connectionId: ID', ', connectionId: $connectionId'];
  return {
    onStatusUpdate: `subscription OnStatusUpdate($userId: ID!, $jobId: ID${declared}) {
  onStatusUpdate(userId: $userId, jobId: $jobId${passed}) { ${UPDATE} earlier { ${UPDATE} } }
}`,
    onTenantStatus: `subscription OnTenantStatus($tenantId: ID!${declared}) {
  onTenantStatus(tenantId: $tenantId${passed}) { ${UPDATE} earlier { ${UPDATE} } }
}`,
    getJob: `query GetJob($jobId: ID!) {
  getJob(jobId: $jobId) { ${HEAD} ${fold} agents { ${AGENT} ${fold} } }
}`,
    listJobs: `query ListJobs($limit: Int, $nextToken: String, $overallStatus: OverallStatus) {
  listJobs(limit: $limit, nextToken: $nextToken, overallStatus: $overallStatus) { jobs { ${HEAD} agents { ${AGENT} } } nextToken }
}`,
    listStatusUpdates: `query ListStatusUpdates($jobId: ID!, $afterSequence: Int, $limit: Int) {
  listStatusUpdates(jobId: $jobId, afterSequence: $afterSequence, limit: $limit) {
    updates { ${UPDATE} } currentSequence nextAfterSequence recovered reason
  }
}`,
    getStatusDetail: `query GetStatusDetail($jobId: ID!, $sequence: Int!) {
  getStatusDetail(jobId: $jobId, sequence: $sequence) { jobId sequence detail operatorDetail }
}`,
    syncSession: `mutation SyncSession($input: SessionInput!) {
  syncSession(input: $input) { connectionId expiresAt jobs { jobId sequence epoch } }
}`,
  };
}

export const DOCUMENTS = documents(false);
export const PLAIN_DOCUMENTS = documents(true);

/** Whether an error says that the deployment is older than this client. */
export function isOlderDeployment(message: string): boolean {
  return /['"]?(fold|connectionId)['"]?/.test(message);
}
