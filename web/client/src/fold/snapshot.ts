// The snapshot: the fold of one job's log. fold.ts makes it; this file defines its fields.

import type { AgentState, Job, OverallStatus, StoredAgent, StoredJob } from '../types.ts';
import { type AgentFold, agentView, isShown, newAgent } from './agent.ts';
import { agentLiveness, jobLiveness } from './liveness.ts';
import { ALMOST, compareText, FULL, jsonObject, msOf, percentOf, shareOf, timeOf, WEIGHT } from './numbers.ts';
import { NO_PROGRESS, type Pairs, progressFrom, type WeightedProgress } from './progress.ts';
import { EMPTY_LEDGER, type Ledger, ledgerFrom, NO_TOKENS, type Tokens, usageView } from './usage.ts';

/** The fields of the job that its metadata sets: the first value of each counts. */
export const IDENTITY = ['sessionId', 'correlationId', 'documentId', 'sourceType', 'workflow', 'workflowVersion'] as const;

export type Identity = { readonly [Name in (typeof IDENTITY)[number]]: string | null };

/** The job as a whole: its position, its state, and sums over its agents. */
export interface Head extends Identity {
  readonly jobId: string;
  readonly userId: string | null;
  readonly tenantId: string | null;
  readonly overallStatus: OverallStatus;
  readonly attempt: number;
  readonly sequence: number;
  readonly epoch: string | null;
  readonly createdMs: number | null;
  readonly updatedMs: number | null;
  readonly endedMs: number | null;
  readonly leaseMs: number | null;
  /** The agents' and its own. */
  readonly tokens: Tokens;
  /** Its own. */
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

/** A job that has not begun. */
export function emptySnapshot(jobId = '', epoch: string | null = null): Snapshot {
  const identity = Object.fromEntries(IDENTITY.map((name) => [name, null])) as Identity;
  const head: Head = {
    ...identity,
    jobId,
    userId: null,
    tenantId: null,
    overallStatus: 'initializing',
    attempt: 1,
    sequence: 0,
    epoch,
    createdMs: null,
    updatedMs: null,
    endedMs: null,
    leaseMs: null,
    tokens: NO_TOKENS,
    ledger: EMPTY_LEDGER,
    planned: false,
    weighted: NO_PROGRESS,
    reported: null,
    eta: null,
  };
  return { head, agents: new Map() };
}

export function isOver(head: { readonly overallStatus: OverallStatus }): boolean {
  return head.overallStatus === 'completed' || head.overallStatus === 'failed';
}

/** Agents that readers see, in the order they were planned or first reported. */
export function shownAgents(snapshot: Snapshot): AgentFold[] {
  return [...snapshot.agents.values()]
    .filter(isShown)
    .sort((one, other) => one.order - other.order || compareText(one.invocationId, other.invocationId));
}

const views = new WeakMap<AgentFold, AgentState>();

function viewOf(agent: AgentFold): AgentState {
  let view = views.get(agent);
  if (view === undefined) {
    view = agentView(agent);
    views.set(agent, view);
  }
  return view;
}

/**
 * The schema's Job. `now` (epoch seconds) decides `liveness`; without it that is null. An agent that did not change
 * is the same object in the next view.
 */
export function jobView(
  snapshot: Snapshot,
  { now = null, expiresAt = null }: { now?: number | null; expiresAt?: number | null } = {}
): Job {
  const { head } = snapshot;
  return {
    jobId: head.jobId,
    userId: head.userId,
    tenantId: head.tenantId,
    sessionId: head.sessionId,
    correlationId: head.correlationId,
    documentId: head.documentId,
    sourceType: head.sourceType,
    overallStatus: head.overallStatus,
    agents: shownAgents(snapshot).map(viewOf),
    totalTokenUsage: usageView(head.tokens),
    progress: percentOf(jobProgress(head)),
    eta: etaView(head),
    liveness: now === null ? null : jobLiveness(head, now),
    leaseExpiresAt: timeOf(head.leaseMs),
    sequence: head.sequence,
    epoch: head.epoch,
    createdAt: timeOf(head.createdMs),
    lastUpdated: timeOf(head.updatedMs),
    expiresAt,
  };
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

export { agentLiveness };

/**
 * The snapshot of getJob's answer, to continue from: `apply(snapshotOf(job), laterUpdates)`. Without the fold's own state
 * (`fold`, which a view lacks) it is derived from the view.
 */
export function snapshotOf(job: StoredJob): Snapshot {
  const own = jsonObject(job.fold) ?? {};
  const hidden = Array.isArray(own.hidden) ? (own.hidden as StoredAgent[]) : [];
  const agents = [...job.agents.map(agentFrom), ...hidden.map(agentFrom)];
  const usage = job.totalTokenUsage;
  const tokens = own.tokens ?? (usage ? [usage.inputTokens, usage.outputTokens] : NO_TOKENS);
  const identity = Object.fromEntries(
    IDENTITY.map((name) => [name, (job as unknown as Record<string, unknown>)[name] ?? own[name] ?? null])
  ) as Identity;
  const head: Head = {
    ...emptySnapshot(job.jobId, job.epoch ?? null).head,
    ...identity,
    userId: job.userId ?? null,
    tenantId: job.tenantId ?? null,
    overallStatus: job.overallStatus,
    attempt: (own.attempt as number | undefined) ?? 1,
    sequence: job.sequence,
    createdMs: msOf(job.createdAt),
    updatedMs: msOf(job.lastUpdated),
    endedMs: msOf((own.endedAt as string | undefined) ?? (isOver(job) ? job.lastUpdated : null)),
    leaseMs: msOf(job.leaseExpiresAt),
    tokens: tokens as Tokens,
    ledger: ledgerFrom(own.ledger),
    planned: own.planned === true,
    weighted: progressFrom(own.weighted),
    reported: (own.reported as number | undefined) ?? (job.fold || job.progress == null ? null : shareOf(job.progress)),
    eta: (own.eta as Head['eta'] | undefined) ?? null,
  };
  return { head, agents: new Map(agents.map((agent) => [agent.invocationId, agent])) };
}

function agentFrom(stored: StoredAgent, place: number): AgentFold {
  const own = jsonObject(stored.fold) ?? {};
  const shares = (own.tools as number[] | undefined) ?? [];
  const usage = stored.tokenUsage;
  return {
    // Those that come later get an order above; among themselves, the list's order is theirs.
    ...newAgent(stored.invocationId, stored.name, (own.order as number | undefined) ?? place),
    parentInvocationId: stored.parentInvocationId ?? null,
    attempt: stored.attempt,
    status: stored.status,
    activity: stored.activity ?? null,
    startedMs: msOf(stored.startedAt),
    completedMs: msOf(stored.completedAt),
    executionMs: (own.executionMs as number | undefined) ?? null,
    reported: (own.reported as number | undefined) ?? (stored.fold || stored.progress == null ? null : shareOf(stored.progress)),
    tools: (stored.tools ?? []).map((name, index) => [name, shares[index] ?? 0]),
    ledger: stored.fold || !usage ? ledgerFrom(own.ledger) : ledgerFrom([[0, usage.inputTokens, usage.outputTokens]]),
    leaseMs: msOf(stored.leaseExpiresAt),
    planned: own.planned === true,
    weight: (own.weight as number | undefined) ?? WEIGHT,
    dependsOn: stored.dependsOn ?? [],
    toolWeights: (own.toolWeights as Pairs | undefined) ?? [],
    claimedBy: (own.claimedBy as string | undefined) ?? null,
  };
}
