// What the tests share: statuses of a job, and the clock they are told by.

import type { Job, StatusUpdate } from '../src/types.ts';

export const START = Date.UTC(2026, 10, 20, 9, 30);

/** A status `at` seconds after the start of its job. */
export function statusOf(sequence: number, at: number, more: Partial<StatusUpdate> = {}): StatusUpdate {
  return {
    jobId: 'job-1',
    userId: 'ana',
    tenantId: 'riverton',
    eventId: `event-${sequence}`,
    sequence,
    type: 'agent_status',
    status: 'note',
    qualifiedStatus: null,
    message: `status ${sequence}`,
    agentName: null,
    invocationId: null,
    parentInvocationId: null,
    attempt: null,
    toolName: null,
    progress: null,
    etaSeconds: null,
    executionTimeMs: null,
    timestamp: new Date(START + at * 1000).toISOString(),
    metadata: null,
    ...more,
  };
}

/** A log from rows of [seconds, agent or null, status, more]. */
export function logOf(
  ...rows: [at: number, agentName: string | null, status: string, more?: Partial<StatusUpdate>][]
): StatusUpdate[] {
  return rows.map(([at, agentName, status, more], index) => statusOf(index + 1, at, { agentName, status, ...more }));
}

/** What a list needs to know of a job. */
export function listedJob(jobId: string, more: Partial<Job> = {}): Job {
  return { jobId, overallStatus: 'processing', sequence: 1, createdAt: '2026-11-20T09:30:00.000Z', agents: [], ...more } as Job;
}
