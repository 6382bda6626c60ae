// The snapshot: the fold of one job's log. fold.ts makes it; this file defines its fields.

import type { AgentState, CancelRequest, Job, OverallStatus, StoredAgent, StoredJob } from '../types.ts';
import { type AgentFold, agentView, hasEnded, isShown, newAgent } from './agent.ts';
import { isOver, livenessOf, nextChange } from './liveness.ts';
import { ALMOST, compareText, FULL, jsonObject, jsonValue, msOf, percentOf, timeOf, WEIGHT } from './numbers.ts';
import { NO_PROGRESS, type Pairs, progressFrom, type WeightedProgress } from './progress.ts';
import { type Runs, runsFrom } from './runs.ts';
import { EMPTY_LEDGER, type Ledger, ledgerFrom, NO_TOKENS, type Tokens, usageView } from './usage.ts';
import { NO_WAITERS, type Waiters, type WaitingFold, waitersView, waitingView } from './waiting.ts';

/** The fields of the job that its metadata sets: the first value of each counts. */
export const IDENTITY = ['sessionId', 'correlationId', 'documentId', 'sourceType', 'workflow', 'workflowVersion'] as const;

export type Identity = { readonly [Name in (typeof IDENTITY)[number]]: string | null };

export function identityOf(of: (name: keyof Identity) => string | null): Identity {
  return Object.fromEntries(IDENTITY.map((name) => [name, of(name)])) as Identity;
}

/** The fields that readers see unchanged from the head. */
const SHOWN = [
  'jobId',
  'userId',
  'tenantId',
  'sessionId',
  'correlationId',
  'documentId',
  'sourceType',
  'workflow',
  'title',
  'overallStatus',
  'outcome',
  'result',
  'cancelRequest',
  'sequence',
  'epoch',
] as const;

/** The job as a whole: its position, its state, and sums over its agents. */
export interface Head extends Identity {
  readonly jobId: string;
  readonly userId: string | null;
  readonly tenantId: string | null;
  readonly title: string | null;
  readonly runs: Runs;
  readonly overallStatus: OverallStatus;
  readonly attempt: number;
  readonly sequence: number;
  readonly epoch: string | null;
  readonly createdMs: number | null;
  /** When the current run began. */
  readonly startedMs: number | null;
  readonly updatedMs: number | null;
  readonly endedMs: number | null;
  /** Null before the first status, after the end, and while the job waits. */
  readonly leaseMs: number | null;
  /** The message of the final status. */
  readonly outcome: string | null;
  readonly result: unknown;
  /** The job's own wait. */
  readonly waiting: WaitingFold | null;
  /** Its agents that wait. */
  readonly waiters: Waiters;
  readonly cancelRequest: CancelRequest | null;
  /** The agents' and its own. */
  readonly tokens: Tokens;
  /** The job's own tokens. */
  readonly ledger: Ledger;
  readonly planned: boolean;
  readonly weighted: WeightedProgress;
  /** Progress, as the orchestrator reported it. */
  readonly reported: number | null;
  /** [p50, p90, as of] in milliseconds. */
  readonly eta: readonly [number, number, number] | null;
}

/** A snapshot that the fold goes on from. */
export interface Snapshot {
  readonly head: Head;
  readonly agents: ReadonlyMap<string, AgentFold>;
}

/** The state at the beginning of a run. */
export const NEW_RUN = {
  overallStatus: 'initializing',
  attempt: 1,
  endedMs: null,
  leaseMs: null,
  outcome: null,
  result: null,
  waiting: null,
  waiters: NO_WAITERS,
  cancelRequest: null,
  tokens: NO_TOKENS,
  ledger: EMPTY_LEDGER,
  planned: false,
  weighted: NO_PROGRESS,
  reported: null,
  eta: null,
} as const satisfies Partial<Head>;

/** A job that has not begun. */
export function emptySnapshot(jobId = '', epoch: string | null = null): Snapshot {
  const head: Head = {
    ...identityOf(() => null),
    jobId,
    userId: null,
    tenantId: null,
    title: null,
    runs: runsFrom(null, 1, null),
    sequence: 0,
    epoch,
    createdMs: null,
    startedMs: null,
    updatedMs: null,
    ...NEW_RUN,
  };
  return { head, agents: new Map() };
}

function shownOf(from: Head | StoredJob): Pick<Head, (typeof SHOWN)[number]> {
  return Object.fromEntries(SHOWN.map((name) => [name, from[name] ?? null])) as Pick<Head, (typeof SHOWN)[number]>;
}

/** Whether the job or an agent of it waits. Then silence means nothing. */
export function isWaiting(head: Head): boolean {
  return !isOver(head) && (head.waiting !== null || head.waiters.known.length + head.waiters.others > 0);
}

/** Agents that readers see, in the order they were planned or first reported. */
export function shownAgents(snapshot: Snapshot): AgentFold[] {
  return [...snapshot.agents.values()]
    .filter(isShown)
    .sort((one, other) => one.order - other.order || compareText(one.invocationId, other.invocationId));
}

const views = new WeakMap<AgentFold, { readonly isJobOver: boolean; readonly view: AgentState }>();

function viewOf(agent: AgentFold, isJobOver: boolean, nowMs: number | null): AgentState {
  const isEnded = isJobOver || hasEnded(agent);
  const liveness = nowMs === null ? null : livenessOf(agent.leaseMs, agent.waiting !== null, isEnded, nowMs);
  let known = views.get(agent);
  if (known?.isJobOver !== isJobOver || known.view.liveness !== liveness) {
    known = { isJobOver, view: agentView(agent, isJobOver, liveness) };
    views.set(agent, known);
  }
  return known.view;
}

/** When the liveness of the job or of an agent changes next by time alone, in epoch milliseconds; Infinity: never. */
export function nextLivenessChange({ head, agents }: Snapshot, nowMs: number): number {
  const leases = isOver(head) ? [] : [head.leaseMs, ...[...agents.values()].map((agent) => agent.leaseMs)];
  return leases.reduce<number>((next, leaseMs) => Math.min(next, nextChange(leaseMs, nowMs)), Number.POSITIVE_INFINITY);
}

/**
 * The schema's Job, with `result` as a value. `now` (epoch seconds) decides `liveness`; without it that is null. An agent
 * that did not change is the same object in the next view.
 */
export function jobView(
  snapshot: Snapshot,
  { now = null, expiresAt = null }: { now?: number | null; expiresAt?: number | null } = {}
): Job {
  const { head } = snapshot;
  const nowMs = now === null ? null : now * 1000;
  const isEnded = isOver(head);
  return {
    ...shownOf(head),
    run: head.runs.number,
    runFirstSequence: head.runs.firstSequence,
    agents: shownAgents(snapshot).map((agent) => viewOf(agent, isEnded, nowMs)),
    totalTokenUsage: usageView(head.tokens),
    progress: percentOf(jobProgress(head)),
    eta: etaView(head),
    waiting: waitingOf(head),
    liveness: nowMs === null ? null : livenessOf(head.leaseMs, isWaiting(head), isEnded, nowMs),
    leaseExpiresAt: timeOf(head.leaseMs),
    createdAt: timeOf(head.createdMs),
    startedAt: timeOf(head.startedMs),
    endedAt: timeOf(head.endedMs),
    lastUpdated: timeOf(head.updatedMs),
    expiresAt,
  };
}

/** Its own waiting, else that of the agent that has waited longest. */
function waitingOf(head: Head): Job['waiting'] {
  if (isOver(head)) {
    return null;
  }
  return head.waiting === null ? waitersView(head.waiters) : waitingView(head.waiting);
}

function jobProgress(head: Head): number | null {
  if (head.overallStatus === 'completed') {
    return FULL;
  }
  return head.planned ? Math.max(head.reported ?? 0, Math.min(head.weighted.shown, ALMOST)) : head.reported;
}

function etaView({ eta, updatedMs }: Head): Job['eta'] {
  if (eta === null) {
    return null;
  }
  const [p50, p90, asOf] = eta;
  const passed = (updatedMs || asOf) - asOf;
  return { p50: Math.max(0, p50 - passed) / 1000, p90: Math.max(0, p90 - passed) / 1000 };
}

/** The snapshot of getJob's answer, whose `fold` is the fold's own state: `apply(snapshotOf(job), laterUpdates)`. */
export function snapshotOf(job: StoredJob): Snapshot {
  const own = jsonObject(job.fold) ?? {};
  const hidden = Array.isArray(own.hidden) ? (own.hidden as StoredAgent[]) : [];
  const agents = [...job.agents, ...hidden].map(agentFrom);
  const head: Head = {
    ...emptySnapshot().head,
    ...shownOf(job),
    workflowVersion: (own.workflowVersion as string | undefined) ?? null,
    runs: runsFrom(own.runs, job.run ?? 1, job.runFirstSequence ?? null),
    attempt: (own.attempt as number | undefined) ?? 1,
    createdMs: msOf(job.createdAt),
    startedMs: msOf(job.startedAt),
    updatedMs: msOf(job.lastUpdated),
    endedMs: msOf(job.endedAt),
    leaseMs: msOf(job.leaseExpiresAt),
    result: jsonValue(job.result),
    waiting: (own.waiting as WaitingFold | undefined) ?? null,
    waiters: (own.waiters as Waiters | undefined) ?? NO_WAITERS,
    tokens: (own.tokens as Tokens | undefined) ?? NO_TOKENS,
    ledger: ledgerFrom(own.ledger),
    planned: own.planned === true,
    weighted: progressFrom(own.weighted),
    reported: (own.reported as number | undefined) ?? null,
    eta: (own.eta as Head['eta'] | undefined) ?? null,
  };
  return { head, agents: new Map(agents.map((agent) => [agent.invocationId, agent])) };
}

/** An agent that is cancelled without an end was only left open when its job ended. */
function isLeftOpen({ status, completedAt }: StoredAgent): boolean {
  return status === 'cancelled' && (completedAt ?? null) === null;
}

function agentFrom(stored: StoredAgent, place: number): AgentFold {
  const own = jsonObject(stored.fold) ?? {};
  const shares = (own.tools as number[] | undefined) ?? [];
  return {
    // Those that come later get an order above; among themselves, the list's order is theirs.
    ...newAgent(stored.invocationId, stored.name, (own.order as number | undefined) ?? place),
    parentInvocationId: stored.parentInvocationId ?? null,
    attempt: stored.attempt,
    status: isLeftOpen(stored) ? 'in-progress' : stored.status,
    activity: stored.activity ?? null,
    startedMs: msOf(stored.startedAt),
    completedMs: msOf(stored.completedAt),
    executionMs: (own.executionMs as number | undefined) ?? null,
    reported: (own.reported as number | undefined) ?? null,
    tools: (stored.tools ?? []).map((name, index) => [name, shares[index] ?? 0]),
    ledger: ledgerFrom(own.ledger),
    waiting: (own.waiting as WaitingFold | undefined) ?? null,
    leaseMs: msOf(stored.leaseExpiresAt ?? (own.leaseExpiresAt as string | undefined)),
    planned: own.planned === true,
    weight: (own.weight as number | undefined) ?? WEIGHT,
    dependsOn: stored.dependsOn ?? [],
    toolWeights: (own.toolWeights as Pairs | undefined) ?? [],
    claimedBy: (own.claimedBy as string | undefined) ?? null,
  };
}
