// A status as the API sends it, normalized: every field present, metadata as an object.

import { jsonObject } from '../fold/numbers.ts';
import type { RawStatusUpdate, StatusType, StatusUpdate } from '../types.ts';

/** Null for anything but a committed status. */
export function readUpdate(raw: RawStatusUpdate): StatusUpdate | null {
  const { sequence } = raw;
  if (typeof raw.jobId !== 'string' || typeof sequence !== 'number' || !(sequence >= 1)) {
    return null;
  }
  return {
    jobId: raw.jobId,
    userId: raw.userId ?? '',
    tenantId: raw.tenantId ?? '',
    eventId: raw.eventId,
    sequence,
    type: raw.type as StatusType,
    status: raw.status,
    qualifiedStatus: raw.qualifiedStatus ?? null,
    message: raw.message,
    agentName: raw.agentName ?? null,
    invocationId: raw.invocationId ?? null,
    parentInvocationId: raw.parentInvocationId ?? null,
    attempt: raw.attempt ?? null,
    toolName: raw.toolName ?? null,
    progress: raw.progress ?? null,
    etaSeconds: raw.etaSeconds ?? null,
    executionTimeMs: raw.executionTimeMs ?? null,
    timestamp: raw.timestamp,
    metadata: jsonObject(raw.metadata),
  };
}

/** The statuses of a push in order: the earlier ones of the same commit, then its own. */
export function readPush(push: RawStatusUpdate): StatusUpdate[] {
  return [...(push.earlier ?? []), push].map(readUpdate).filter((update) => update !== null);
}
