// The selections of the documents.

export const UPDATE = `jobId userId tenantId eventId sequence type status qualifiedStatus message agentName invocationId
parentInvocationId attempt toolName progress etaSeconds executionTimeMs timestamp metadata`;

/** The common fields of heads and agents. */
export const STATE = `waiting { for prompt since until answerable invocationId } liveness progress leaseExpiresAt`;
export const USAGE = '{ inputTokens outputTokens totalTokens }';

/** A job without its agents. */
export const HEAD = `jobId userId tenantId sessionId correlationId documentId sourceType workflow title run runFirstSequence
overallStatus totalTokenUsage ${USAGE} eta { p50 p90 } outcome result cancelRequest { by reason at } ${STATE} sequence epoch createdAt
startedAt endedAt lastUpdated expiresAt`;
