// The GraphQL documents of the page. They select what graphql/schema.graphql has.

const UPDATE = `jobId userId tenantId eventId sequence type status qualifiedStatus message agentName invocationId
  parentInvocationId attempt toolName progress etaSeconds executionTimeMs timestamp metadata`;

export const ON_STATUS_UPDATE = `subscription OnStatusUpdate($userId: ID!) {
  onStatusUpdate(userId: $userId) { ${UPDATE} earlier { ${UPDATE} } }
}`;

export const LIST_STATUS_UPDATES = `query ListStatusUpdates($jobId: ID!, $afterSequence: Int, $limit: Int) {
  listStatusUpdates(jobId: $jobId, afterSequence: $afterSequence, limit: $limit) {
    updates { ${UPDATE} } currentSequence nextAfterSequence recovered reason
  }
}`;

export const GET_JOB = `query GetJob($jobId: ID!) {
  getJob(jobId: $jobId) {
    jobId overallStatus sequence createdAt lastUpdated
    agents { name invocationId attempt status activity startedAt completedAt duration progress tools }
  }
}`;

export const LIST_JOBS = `query ListJobs($limit: Int, $nextToken: String) {
  listJobs(limit: $limit, nextToken: $nextToken) { jobs { jobId overallStatus createdAt } nextToken }
}`;
