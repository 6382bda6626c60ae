// The history of a job, from its statuses: each invocation's attempts and tool calls, and the orchestrator's phases.
// The snapshot has the current state; the history has the earlier ones. It grows with the log; a past moment is a part of it.

import type { StatusUpdate } from '../types.ts';

export interface Span {
  startMs: number;
  startSequence: number;
  endMs: number | null;
  endSequence: number | null;
}

export interface Attempt extends Span {
  number: number;
  outcome: 'running' | 'success' | 'error' | 'cancelled';
}

export interface ToolCall extends Span {
  name: string;
  reason: string;
  attempt: number;
  outcome: 'running' | 'used' | 'success' | 'error';
}

export interface Invocation {
  id: string;
  attempts: Attempt[];
  tools: ToolCall[];
  statuses: number;
  /** The time of its newest status. */
  lastStatusMs: number;
}

/** The part of the job between two statuses of the orchestrator. */
export interface Phase extends Span {
  status: string;
  message: string;
}

export interface History {
  invocations: ReadonlyMap<string, Invocation>;
  phases: readonly Phase[];
  startMs: number | null;
  lastMs: number | null;
}

const OUTCOMES = new Map<string, 'success' | 'error' | 'cancelled'>([
  ['agent_complete', 'success'],
  ['complete', 'success'],
  ['success', 'success'],
  ['agent_error', 'error'],
  ['error', 'error'],
  ['cancelled', 'cancelled'],
]);
const TOOL_OUTCOMES = new Map<string, 'success' | 'error'>([
  ['tool_complete', 'success'],
  ['tool_error', 'error'],
]);
const STARTS = new Set(['agent_invoking', 'agent_retrying']);
const PENDING = new Set(['pending', 'agent_pending']);
const PREPARING = new Set(['loading_agents', 'initializing', 'pending']);
const AT_WORK = 'agents_at_work';
const NO_PHASE = new Set(['progress', 'heartbeat']);

/** The subject of a status: an invocation, by its id or else by its agent's name; null for the job. */
export const invocationOf = (update: StatusUpdate): string | null => update.invocationId || update.agentName || null;

/** Grows with the log. `history` is a new object after each growth, so that views know when to draw anew. */
export class HistoryBuilder {
  #invocations = new Map<string, Invocation>();
  #phases: Phase[] = [];
  #taken: StatusUpdate[] = [];
  #startMs: number | null = null;
  #lastMs: number | null = null;
  history: History = { invocations: this.#invocations, phases: this.#phases, startMs: null, lastMs: null };

  /** Read the log. Known statuses are skipped; a log that does not continue the known one is read again. */
  read(updates: readonly StatusUpdate[]): History {
    const known = this.#taken.length;
    const continues = known === 0 || (updates[0] === this.#taken[0] && updates[known - 1] === this.#taken[known - 1]);
    if (!continues || updates.length < known) {
      this.#forget();
    }
    if (updates.length > this.#taken.length) {
      for (const update of updates.slice(this.#taken.length)) {
        this.#take(update);
      }
      this.#taken = updates as StatusUpdate[];
      this.history = {
        invocations: new Map(this.#invocations),
        phases: [...this.#phases],
        startMs: this.#startMs,
        lastMs: this.#lastMs,
      };
    }
    return this.history;
  }

  #forget(): void {
    this.#invocations = new Map();
    this.#phases = [];
    this.#taken = [];
    this.#startMs = null;
    this.#lastMs = null;
  }

  #take(update: StatusUpdate): void {
    const atMs = Date.parse(update.timestamp) || 0;
    this.#startMs = this.#startMs === null ? atMs : Math.min(this.#startMs, atMs);
    this.#lastMs = this.#lastMs === null ? atMs : Math.max(this.#lastMs, atMs);
    const id = invocationOf(update);
    if (id === null) {
      this.#phase(update, atMs);
    } else {
      this.#atWork(update, atMs);
      this.#invocations.set(id, withUpdate(this.#invocations.get(id), id, update, atMs));
    }
  }

  /** The first agent's status begins the phase in which agents work. */
  #atWork(update: StatusUpdate, atMs: number): void {
    const last = this.#phases.at(-1);
    if (last && PREPARING.has(last.status) && !PENDING.has(update.status)) {
      this.#begin({ ...update, status: AT_WORK, type: 'agent_status' }, atMs);
    }
  }

  #phase(update: StatusUpdate, atMs: number): void {
    if (!NO_PHASE.has(update.status) && this.#phases.at(-1)?.status !== update.status) {
      this.#begin(update, atMs);
    }
  }

  #begin(update: StatusUpdate, atMs: number): void {
    const last = this.#phases.at(-1);
    if (last && last.endSequence === null) {
      this.#phases[this.#phases.length - 1] = { ...last, endMs: atMs, endSequence: update.sequence };
    }
    const ends = update.type === 'complete' || update.type === 'error';
    this.#phases.push({
      status: update.status,
      message: update.message,
      startMs: atMs,
      startSequence: update.sequence,
      endMs: ends ? atMs : null,
      endSequence: ends ? update.sequence : null,
    });
  }
}

/** The invocation after another status, as a new object, because views compare by identity. */
function withUpdate(known: Invocation | undefined, id: string, update: StatusUpdate, atMs: number): Invocation {
  const before = known ?? { id, attempts: [], tools: [], statuses: 0, lastStatusMs: atMs };
  const invocation = { ...before, statuses: before.statuses + 1, lastStatusMs: Math.max(before.lastStatusMs, atMs) };
  if (PENDING.has(update.status)) {
    return invocation;
  }
  const number = attemptOf(before, update);
  invocation.attempts = withAttempt(before.attempts, number, update, atMs);
  if (update.toolName) {
    invocation.tools = withTool(before.tools, number, update, atMs);
  }
  return invocation;
}

function attemptOf({ attempts }: Invocation, update: StatusUpdate): number {
  const last = attempts.at(-1);
  if (update.attempt != null) {
    return update.attempt;
  }
  const isAgain = last !== undefined && last.endMs !== null && STARTS.has(update.status);
  return (last?.number ?? 1) + (isAgain ? 1 : 0);
}

function withAttempt(attempts: readonly Attempt[], number: number, update: StatusUpdate, atMs: number): Attempt[] {
  const outcome = OUTCOMES.get(update.status) ?? null;
  const index = attempts.findIndex((each) => each.number === number);
  const end = outcome === null ? {} : { endMs: atMs, endSequence: update.sequence, outcome };
  if (index < 0) {
    const startMs = outcome === null ? atMs : atMs - (update.executionTimeMs ?? 0);
    const fresh: Attempt = {
      number,
      startMs,
      startSequence: update.sequence,
      endMs: null,
      endSequence: null,
      outcome: 'running',
      ...end,
    };
    return [...attempts, fresh].sort((a, b) => a.number - b.number);
  }
  const attempt = attempts[index] as Attempt;
  if (attempt.endMs !== null) {
    return attempts as Attempt[]; // only a newer attempt reopens an ended invocation
  }
  return attempts.with(index, { ...attempt, ...end, startMs: Math.min(attempt.startMs, atMs) });
}

function withTool(tools: readonly ToolCall[], attempt: number, update: StatusUpdate, atMs: number): ToolCall[] {
  const name = update.toolName as string;
  const end = TOOL_OUTCOMES.get(update.status);
  if (update.status === 'calling_tool') {
    const call: ToolCall = {
      name,
      reason: update.message,
      attempt,
      startMs: atMs,
      startSequence: update.sequence,
      endMs: null,
      endSequence: null,
      outcome: 'used',
    };
    return [...tools, call];
  }
  const index = end ? tools.findLastIndex((each) => each.name === name && each.endMs === null) : -1;
  const call = tools[index];
  return end && call
    ? tools.with(index, { ...call, endMs: atMs, endSequence: update.sequence, outcome: end })
    : (tools as ToolCall[]);
}

/** The history up to a status, without later spans. Spans that end later are open. */
export function clipped(history: History, sequence: number): History {
  const invocations = new Map<string, Invocation>();
  for (const [id, invocation] of history.invocations) {
    const attempts = clip(invocation.attempts, sequence).map((each) =>
      each.endSequence === null ? { ...each, outcome: 'running' as const } : each
    );
    const tools = clip(invocation.tools, sequence).map((each) =>
      each.endSequence === null ? { ...each, outcome: 'used' as const } : each
    );
    if (attempts.length > 0) {
      invocations.set(id, { ...invocation, attempts, tools });
    }
  }
  return { ...history, invocations, phases: clip(history.phases, sequence) };
}

function clip<S extends Span>(spans: readonly S[], sequence: number): S[] {
  return spans
    .filter((span) => span.startSequence <= sequence)
    .map((span) =>
      span.endSequence !== null && span.endSequence > sequence ? { ...span, endMs: null, endSequence: null } : span
    );
}
