// What every client asks for: enough fields to tell one status from another, in one place. They read `earlier`.
export const ON_STATUS_UPDATE = /* GraphQL */ `
  subscription OnStatusUpdate($userId: ID!, $jobId: ID) {
    onStatusUpdate(userId: $userId, jobId: $jobId, joined: true) {
      jobId
      userId
      tenantId
      eventId
      sequence
      type
      status
      message
      metadata
      earlier {
        eventId
        sequence
        message
      }
    }
  }
`;

export const GET_JOB = /* GraphQL */ `
  query GetJob($jobId: ID!) {
    getJob(jobId: $jobId) {
      jobId
      overallStatus
    }
  }
`;
