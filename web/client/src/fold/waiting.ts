// The waits of a job and its agents. A wait has no lease, so days of waiting are neither stale nor lost.

import type { JsonObject, RawStatusUpdate, Waiting } from '../types.ts';
import { compareText, cut, isObject, msIn, msOf, timeOf } from './numbers.ts';

const FOR_LENGTH = 64;
const PROMPT_LENGTH = 1_000;
/** The most waiting agents that the head names; it counts the others. */
const WAITERS_KEPT = 16;
/** Characters of an agent's prompt that the head keeps. */
const HEAD_PROMPT_LENGTH = 300;

/** The wait of one scope: [for, prompt, since, until, answerable], the times in milliseconds. */
export type WaitingFold = readonly [string, string | null, number, number | null, boolean];

/** The waiting agents of a job, updated from changed agents without a read of the others. */
export interface Waiters {
  readonly known: readonly (readonly [string, ...WaitingFold])[];
  readonly others: number;
  /** The earliest beginning among the others, in milliseconds. */
  readonly othersSince: number | null;
}

export const NO_WAITERS: Waiters = { known: [], others: 0, othersSince: null };

/** The wait of a scope after a current status of its own. A heartbeat, or an earlier status, changes nothing. */
export function waitingAfter(before: WaitingFold | null, update: RawStatusUpdate, metadata: JsonObject): WaitingFold | null {
  const atMs = msOf(update.timestamp) ?? 0;
  if (before !== null && (update.type === 'heartbeat' || atMs < before[2])) {
    return before;
  }
  if (update.status !== 'waiting') {
    return null;
  }
  const asked = isObject(metadata.waiting) ? metadata.waiting : {};
  const what = cut(asked.for, FOR_LENGTH) ?? 'unknown';
  const sinceMs = before?.[0] === what ? before[2] : atMs;
  return [what, cut(asked.prompt, PROMPT_LENGTH), sinceMs, msIn(asked.until), asked.answerable === true];
}

/** After an agent went from waiting for `before` to waiting for `now`; null: it doesn't wait. */
export function waitersAfter(waiters: Waiters, agent: string, before: WaitingFold | null, now: WaitingFold | null): Waiters {
  if (JSON.stringify(before) === JSON.stringify(now)) {
    return waiters;
  }
  const known = waiters.known.filter(([one]) => one !== agent);
  const wasOther = before !== null && known.length === waiters.known.length;
  let others = waiters.others - (wasOther ? 1 : 0);
  let othersSince = others > 0 ? waiters.othersSince : null;
  if (now !== null && known.length < WAITERS_KEPT) {
    const [what, prompt, ...rest] = now;
    known.push([agent, what, cut(prompt, HEAD_PROMPT_LENGTH), ...rest]);
  } else if (now !== null) {
    others += 1;
    othersSince = Math.min(othersSince ?? now[2], now[2]);
  }
  return { known, others: Math.max(0, others), othersSince };
}

/** The schema's Waiting of one scope. */
export function waitingView(
  [what, prompt, sinceMs, untilMs, answerable]: WaitingFold,
  invocationId: string | null = null
): Waiting {
  return { for: what, prompt, since: timeOf(sinceMs) as string, until: timeOf(untilMs), answerable, invocationId };
}

/** The schema's Waiting of the agent that has waited longest; null when none waits. */
export function waitersView({ known, othersSince }: Waiters): Waiting | null {
  if (known.length > 0) {
    const [agent, ...longest] = known.reduce((one, other) => (byLength(other, one) < 0 ? other : one));
    return waitingView(longest, agent);
  }
  return othersSince === null ? null : waitingView(['agents', null, othersSince, null, false]);
}

function byLength(one: Waiters['known'][number], other: Waiters['known'][number]): number {
  return one[3] - other[3] || compareText(one[0], other[0]);
}
