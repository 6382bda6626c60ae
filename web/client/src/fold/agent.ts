// Applies one status to its invocation; fold.ts does the rest, docs/reference/fold.md has the rules.

import type { AgentState, AgentStatus, JsonObject, Liveness, RawStatusUpdate } from '../types.ts';
import { clamped, cut, FIRST_MS, FULL, LAST_MS, msOf, percentOf, shareOf, timeOf, WEIGHT, WHOLE_NUMBER_MAX } from './numbers.ts';
import { agentProgress, type Pairs } from './progress.ts';
import { EMPTY_LEDGER, type Ledger, reported, totalOf, usageIn, usageView } from './usage.ts';
import { type WaitingFold, waitingAfter, waitingView } from './waiting.ts';

const SUCCESS_WORDS = new Set(['agent_complete', 'complete', 'success']);
const ERROR_WORDS = new Set(['agent_error', 'error']);
const END_WORDS = new Set([...SUCCESS_WORDS, ...ERROR_WORDS, 'cancelled']);
const PENDING_WORDS = new Set(['pending', 'agent_pending']);
const START_WORDS = new Set(['agent_invoking', 'agent_retrying']);
const TOOL_END_WORDS = new Set(['tool_complete', 'tool_error']);
const TOOLS_KEPT = 32;
/** Characters of a message that the snapshot keeps. The log has the whole message. */
export const ACTIVITY_LENGTH = 300;
const LEASE_SECONDS = 75;
const MAX_LEASE_SECONDS = 86_400;

/** One invocation of one agent: its newest attempt, and the tokens of all attempts. */
export interface AgentFold {
  readonly invocationId: string;
  readonly name: string;
  readonly parentInvocationId: string | null;
  readonly attempt: number;
  readonly status: AgentStatus;
  readonly activity: string | null;
  readonly startedMs: number | null;
  readonly completedMs: number | null;
  /** The reported duration. */
  readonly executionMs: number | null;
  /** The agent's own reported progress. */
  readonly reported: number | null;
  /** [name, progress] in order of first use. */
  readonly tools: Pairs;
  readonly ledger: Ledger;
  readonly waiting: WaitingFold | null;
  /** Null unless the agent is running; a waiting agent has none. */
  readonly leaseMs: number | null;
  /** The position in the list of agents. */
  readonly order: number;
  readonly planned: boolean;
  readonly weight: number;
  readonly dependsOn: readonly string[];
  readonly toolWeights: Pairs;
  /** The invocation that carries out this step of the plan under its own id. */
  readonly claimedBy: string | null;
}

/** The attempt of a status: the running one, an ended one, or an older one. */
export type Recency = 'current' | 'late' | 'superseded';

/** The first state of an attempt. */
const NEW_ATTEMPT = {
  status: 'pending',
  activity: null,
  startedMs: null,
  completedMs: null,
  executionMs: null,
  reported: null,
  tools: [],
  waiting: null,
  leaseMs: null,
} as const;

export function newAgent(invocationId: string, name: string, order: number): AgentFold {
  return {
    invocationId,
    name,
    parentInvocationId: null,
    attempt: 1,
    ...NEW_ATTEMPT,
    ledger: EMPTY_LEDGER,
    order,
    planned: false,
    weight: WEIGHT,
    dependsOn: [],
    toolWeights: [],
    claimedBy: null,
  };
}

export function hasEnded(agent: AgentFold): boolean {
  return agent.status === 'success' || agent.status === 'error' || agent.status === 'cancelled';
}

export function progressOf(agent: AgentFold): number | null {
  return agent.status === 'success' ? FULL : agentProgress(agent.reported, agent.tools, agent.toolWeights);
}

/** [weight, weight x progress] in the job's. An unplanned nested agent counts through its parent. */
export function countedOf(agent: AgentFold): readonly [number, number] {
  if (agent.claimedBy !== null || (agent.parentInvocationId !== null && !agent.planned)) {
    return [0, 0];
  }
  return [agent.weight, agent.weight * (progressOf(agent) ?? 0)];
}

/** False for a removed step of the plan, or one that another invocation carries out. */
export function isShown(agent: AgentFold): boolean {
  const replaced = agent.claimedBy !== null || (agent.planned && agent.weight === 0);
  return !(replaced && agent.status === 'pending');
}

/** The schema's AgentState. Agents that a job leaves open at its end are cancelled. */
export function agentView(agent: AgentFold, isJobOver: boolean, liveness: Liveness | null): AgentState {
  const isUnfinished = isJobOver && agent.status === 'in-progress';
  let tookMs = agent.executionMs;
  if (tookMs === null && agent.startedMs !== null && agent.completedMs !== null) {
    tookMs = Math.max(0, agent.completedMs - agent.startedMs);
  }
  return {
    name: agent.name,
    invocationId: agent.invocationId,
    parentInvocationId: agent.parentInvocationId,
    attempt: agent.attempt,
    status: isUnfinished ? 'cancelled' : agent.status,
    waiting: isUnfinished || agent.waiting === null ? null : waitingView(agent.waiting, agent.invocationId),
    liveness,
    activity: agent.activity,
    startedAt: timeOf(agent.startedMs),
    completedAt: timeOf(agent.completedMs),
    duration: tookMs === null || agent.completedMs === null ? null : tookMs / 1000,
    progress: percentOf(progressOf(agent)),
    tokenUsage: usageView(totalOf(agent.ledger)),
    dependsOn: agent.dependsOn.length > 0 ? agent.dependsOn : null,
    tools: agent.tools.length > 0 ? agent.tools.map(([name]) => name) : null,
    leaseExpiresAt: isUnfinished ? null : timeOf(agent.leaseMs),
  };
}

/**
 * The attempt that `update` is about: the one it names, else the current one. A starting status with a time after the end
 * at `endedMs` (null: not ended) begins the next attempt; one with an earlier time only arrived late.
 */
export function attemptOf(update: RawStatusUpdate, current: number, endedMs: number | null, starts: boolean): number {
  if (update.attempt != null) {
    return update.attempt;
  }
  if (starts && endedMs !== null && (msOf(update.timestamp) ?? 0) > endedMs) {
    return Math.min(current + 1, WHOLE_NUMBER_MAX);
  }
  return current;
}

/** The invocation once `update`, which is about it, is known. */
export function after(before: AgentFold, update: RawStatusUpdate, metadata: JsonObject): [AgentFold, Recency] {
  const endedMs = hasEnded(before) ? before.completedMs : null;
  const attempt = attemptOf(update, before.attempt, endedMs, START_WORDS.has(update.status));
  const usage = usageIn(metadata);
  let agent = usage === null ? before : { ...before, ledger: reported(before.ledger, attempt, usage) };
  if (attempt < agent.attempt) {
    return [agent, 'superseded'];
  }
  agent = named(agent, update);
  if (attempt > agent.attempt) {
    agent = { ...agent, ...NEW_ATTEMPT, attempt };
  }
  return hasEnded(agent) ? [amended(agent, update), 'late'] : [moved(agent, update, metadata), 'current'];
}

function named(agent: AgentFold, update: RawStatusUpdate): AgentFold {
  const name = agent.name === agent.invocationId ? update.agentName || agent.name : agent.name;
  const named = update.parentInvocationId ?? null;
  const parent = agent.parentInvocationId ?? (named === agent.invocationId ? null : named);
  return { ...agent, name, parentInvocationId: parent };
}

/** The changes that a late status makes to an ended attempt: an earlier beginning, a used tool. */
function amended(agent: AgentFold, update: RawStatusUpdate): AgentFold {
  return { ...agent, startedMs: startOf(agent, update), tools: toolsOf(agent, update, true) };
}

function moved(agent: AgentFold, update: RawStatusUpdate, metadata: JsonObject): AgentFold {
  const status = statusOf(agent, update);
  const ended = END_WORDS.has(update.status);
  const waiting = status === 'in-progress' ? waitingAfter(agent.waiting, update, metadata) : null;
  const isReported = update.progress != null && update.toolName == null;
  return {
    ...agent,
    status,
    activity: activityOf(update) ?? agent.activity,
    startedMs: startOf(agent, update),
    completedMs: ended ? msOf(update.timestamp) : null,
    executionMs: ended ? (update.executionTimeMs ?? null) : null,
    reported: isReported ? Math.max(agent.reported ?? 0, shareOf(update.progress as number)) : agent.reported,
    tools: toolsOf(agent, update, false),
    waiting,
    leaseMs: status === 'in-progress' && waiting === null ? renewed(agent.leaseMs, update, metadata) : null,
  };
}

function statusOf(agent: AgentFold, update: RawStatusUpdate): AgentStatus {
  if (SUCCESS_WORDS.has(update.status)) {
    return 'success';
  }
  if (ERROR_WORDS.has(update.status)) {
    return 'error';
  }
  if (update.status === 'cancelled') {
    return 'cancelled';
  }
  return PENDING_WORDS.has(update.status) ? agent.status : 'in-progress';
}

function startOf(agent: AgentFold, update: RawStatusUpdate): number | null {
  const atMs = msOf(update.timestamp);
  const known = agent.startedMs;
  if (PENDING_WORDS.has(update.status) || atMs === null) {
    return known;
  }
  if (END_WORDS.has(update.status)) {
    // A final status shows its beginning only if it reports the duration.
    const hasDuration = known === null && update.executionTimeMs != null && !hasEnded(agent);
    return hasDuration ? Math.max(FIRST_MS, atMs - (update.executionTimeMs ?? 0)) : known;
  }
  return known === null ? atMs : Math.min(known, atMs);
}

function toolsOf(agent: AgentFold, update: RawStatusUpdate, late: boolean): Pairs {
  const name = update.toolName ?? null;
  if (name === null) {
    return agent.tools;
  }
  const tools = new Map(agent.tools);
  if (!tools.has(name) && tools.size >= TOOLS_KEPT) {
    return agent.tools;
  }
  const share = late ? 0 : TOOL_END_WORDS.has(update.status) ? FULL : shareOf(update.progress ?? 0);
  tools.set(name, Math.max(tools.get(name) ?? 0, share));
  return [...tools];
}

function activityOf(update: RawStatusUpdate): string | null {
  return update.type === 'heartbeat' ? null : cut(update.message, ACTIVITY_LENGTH);
}

/** The lease after a status: it never gets shorter, and a status may ask for a longer one. */
export function renewed(leaseMs: number | null, update: RawStatusUpdate, metadata: JsonObject): number {
  const atMs = msOf(update.timestamp) ?? 0;
  const seconds = Math.max(LEASE_SECONDS, clamped(metadata.leaseSeconds, MAX_LEASE_SECONDS) ?? 0);
  return Math.min(LAST_MS, Math.max(leaseMs || atMs, atMs + Math.trunc(seconds * 1000)));
}
