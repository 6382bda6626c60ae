// A status as it came over the wire, made whole: every field there, metadata as an object.

import { jsonObject } from '../fold/numbers.ts';
import type { StatusType, StatusUpdate, WireUpdate } from '../types.ts';

/** Null for what is no committed status. */
export function readUpdate(wire: WireUpdate): StatusUpdate | null {
  const { sequence } = wire;
  if (typeof wire.jobId !== 'string' || typeof sequence !== 'number' || !(sequence >= 1)) {
    return null;
  }
  return {
    jobId: wire.jobId,
    userId: wire.userId ?? '',
    tenantId: wire.tenantId ?? '',
    eventId: wire.eventId,
    sequence,
    type: wire.type as StatusType,
    status: wire.status,
    qualifiedStatus: wire.qualifiedStatus ?? null,
    message: wire.message,
    agentName: wire.agentName ?? null,
    invocationId: wire.invocationId ?? null,
    parentInvocationId: wire.parentInvocationId ?? null,
    attempt: wire.attempt ?? null,
    toolName: wire.toolName ?? null,
    progress: wire.progress ?? null,
    etaSeconds: wire.etaSeconds ?? null,
    executionTimeMs: wire.executionTimeMs ?? null,
    timestamp: wire.timestamp,
    metadata: jsonObject(wire.metadata),
  };
}

/** The statuses of a push in their order: those of the same commit that came before it, and itself. */
export function readPush(push: WireUpdate): StatusUpdate[] {
  return [...(push.earlier ?? []), push].map(readUpdate).filter((update) => update !== null);
}
