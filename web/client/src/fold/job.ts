// Applies one status to the head of the job; fold.ts does the rest, docs/reference/fold.md has the rules.

import type { JsonObject, RawStatusUpdate } from '../types.ts';
import { ACTIVITY_LENGTH } from './agent.ts';
import { isOver } from './liveness.ts';
import { clamped, cut, isObject, msOf, SECONDS_MAX, shortText } from './numbers.ts';
import { begun, type RunId } from './runs.ts';
import { type Head, identityOf, NEW_RUN } from './snapshot.ts';

const TITLE_LENGTH = 200;
const REASON_LENGTH = 1_000;

/** Whether an opening begins a new run: the job has ended, or its lease was over at the time of the opening. */
export function isPast(head: Head, update: RawStatusUpdate): boolean {
  return isOver(head) || (head.leaseMs !== null && (msOf(update.timestamp) ?? 0) >= head.leaseMs);
}

/** The head after an opening that begins a new run. Only the job's names stay. */
export function inNewRun(head: Head, run: RunId, update: RawStatusUpdate, metadata: JsonObject): Head {
  const named = identityOf((name) => shortText(metadata[name]) ?? head[name]);
  const startedMs = msOf(update.timestamp);
  return { ...head, ...NEW_RUN, ...named, startedMs, runs: begun(head.runs, run, head.sequence) };
}

/** The head of a job that has not completed, after the first status of a newer attempt. */
export function reopened(head: Head, attempt: number): Head {
  const changed: Head = { ...head, attempt, waiting: null, cancelRequest: null, outcome: null, result: null };
  return isOver(head) ? { ...changed, overallStatus: 'processing', endedMs: null } : changed;
}

/** Apply a request to cancel. The first one counts. It renews no lease, because its sender does not do the work. */
export function withCancelRequest(head: Head, update: RawStatusUpdate, metadata: JsonObject): Head {
  if (head.cancelRequest !== null) {
    return head;
  }
  const asked = isObject(metadata.cancelRequest) ? metadata.cancelRequest : {};
  return {
    ...head,
    cancelRequest: { by: shortText(asked.by), reason: cut(asked.reason, REASON_LENGTH), at: update.timestamp },
  };
}

/** The head with the title, and with ids of the job that were unknown. */
export function described(head: Head, metadata: JsonObject): Head {
  const named = identityOf((name) => head[name] ?? shortText(metadata[name]));
  return { ...head, ...named, title: cut(metadata.title, TITLE_LENGTH) ?? head.title };
}

/** A status of type `complete` or `error` is the job's final status, even if an agent reports it. */
export function endedBy(head: Head, update: RawStatusUpdate, metadata: JsonObject): Head {
  if ((update.type !== 'complete' && update.type !== 'error') || isOver(head)) {
    return head;
  }
  const failed = update.status === 'cancelled' ? 'cancelled' : 'failed';
  return {
    ...head,
    overallStatus: update.type === 'complete' ? 'completed' : failed,
    endedMs: msOf(update.timestamp),
    outcome: cut(update.message, ACTIVITY_LENGTH),
    result: metadata.result ?? null,
    waiting: null,
    leaseMs: null,
    eta: null,
  };
}

/** `{"eta": {"p50": 8.2, "p90": 14.9}}`, the publisher's estimate in seconds, as Head.eta. */
export function etaIn(metadata: JsonObject, atMs: number): Head['eta'] {
  const found = isObject(metadata.eta) ? metadata.eta : {};
  const [p50, p90] = [clamped(found.p50, SECONDS_MAX), clamped(found.p90, SECONDS_MAX)];
  if (p50 === null || p90 === null) {
    return null;
  }
  const p50Ms = Math.floor(p50 * 1000 + 0.5);
  return [p50Ms, Math.max(p50Ms, Math.floor(p90 * 1000 + 0.5)), atMs];
}
