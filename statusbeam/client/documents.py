"""The client's GraphQL documents, for graphql/schema.graphql."""

from __future__ import annotations

from typing import Final

_UPDATE: Final = """jobId userId tenantId eventId sequence type status qualifiedStatus message agentName
  invocationId parentInvocationId attempt toolName progress etaSeconds executionTimeMs timestamp metadata"""
_USAGE: Final = "{ inputTokens outputTokens totalTokens }"
_STATE: Final = "waiting { for prompt since until invocationId } liveness progress leaseExpiresAt"
_HEAD: Final = f"""jobId userId tenantId sessionId correlationId documentId sourceType workflow title run
  runFirstSequence overallStatus totalTokenUsage {_USAGE} eta {{ p50 p90 }} outcome result
  cancelRequest {{ by reason at }} {_STATE} sequence epoch createdAt startedAt endedAt lastUpdated
  expiresAt"""

ON_STATUS_UPDATE: Final = f"""subscription ($userId: ID!, $jobId: ID, $connectionId: ID) {{
  onStatusUpdate(userId: $userId, jobId: $jobId, connectionId: $connectionId, joined: true) {{
    {_UPDATE} earlier {{ {_UPDATE} }} }} }}"""
LIST_STATUS_UPDATES: Final = f"""query ($jobId: ID!, $afterSequence: Int, $limit: Int) {{
  listStatusUpdates(jobId: $jobId, afterSequence: $afterSequence, limit: $limit) {{
    updates {{ {_UPDATE} }} currentSequence nextAfterSequence recovered reason firstSequence }} }}"""
GET_JOB: Final = f"""query ($jobId: ID!) {{ getJob(jobId: $jobId) {{ {_HEAD} fold agents {{
  name invocationId parentInvocationId attempt status activity startedAt completedAt duration
  tokenUsage {_USAGE} dependsOn tools {_STATE} fold }} }} }}"""
LIST_JOBS: Final = f"""query ($limit: Int, $nextToken: String, $overallStatus: OverallStatus,
  $workflow: String, $createdAfter: AWSDateTime) {{
  listJobs(limit: $limit, nextToken: $nextToken, overallStatus: $overallStatus, workflow: $workflow,
    createdAfter: $createdAfter) {{ jobs {{ {_HEAD} }} nextToken }} }}"""
SYNC_SESSION: Final = """mutation ($input: SessionInput!) {
  syncSession(input: $input) { jobs { jobId sequence epoch } } }"""
SESSION_CLOCK: Final = """mutation ($input: SessionInput!) {
  syncSession(input: $input) { expiresAt } }"""
ANSWER_WAITING: Final = """mutation ($jobId: ID!, $invocationId: ID, $approved: Boolean!, $comment: String) {
  answerWaiting(jobId: $jobId, invocationId: $invocationId, approved: $approved, comment: $comment) {
    jobId } }"""
CANCEL_JOB: Final = """mutation ($jobId: ID!, $reason: String) {
  cancelJob(jobId: $jobId, reason: $reason) { overallStatus cancelRequest { at } } }"""
