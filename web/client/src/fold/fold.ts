// The snapshot is a fold of the log, the twin of statusbeam/log/snapshot/fold.py: docs/reference/fold.md has the rules,
// tests/vectors/*.json the examples that hold both.
//
//     jobView(fold(log))                                   in any order, redelivered as often as you like
//     apply(fold(log.slice(0, 40)), log.slice(40))         equals fold(log)

import type { JsonObject, RawStatusUpdate } from '../types.ts';
import { type AgentFold, after, attemptOf, countedOf, newAgent, progressOf, renewed } from './agent.ts';
import { described, endedBy, etaIn, inNewRun, isPast, reopened, withCancelRequest } from './job.ts';
import { isOver } from './liveness.ts';
import { compareText, jsonObject, msOf, shareOf } from './numbers.ts';
import { advanced, moved, parsePlan } from './progress.ts';
import { ended, isKnown, isOlder, joined, openedIn, type RunId, runIn } from './runs.ts';
import { emptySnapshot, type Head, isWaiting, type Snapshot } from './snapshot.ts';
import { reported, totalOf, usageIn } from './usage.ts';
import { waitersAfter, waitingAfter } from './waiting.ts';

const INITIAL_WORDS = new Set(['loading_agents', 'initializing', 'pending']);
const ORDERS_PER_STATUS = 64;

/** The snapshot of one job's statuses. Without statuses, the job has not begun. */
export function fold(updates: Iterable<RawStatusUpdate>, { epoch = null }: { epoch?: string | null } = {}): Snapshot {
  return apply(emptySnapshot('', epoch), updates);
}

/** The snapshot after `updates`, which must continue the log. Known updates change nothing. */
export function apply(snapshot: Snapshot, updates: Iterable<RawStatusUpdate>): Snapshot {
  const work = new Work(snapshot);
  for (const update of canonical(updates)) {
    const sequence = update.sequence ?? work.head.sequence + 1;
    if (sequence > work.head.sequence) {
      work.take(update, sequence);
    }
  }
  return { head: work.head, agents: work.agents };
}

/** Each status once, in the order that decides which one is latest. */
export function canonical(updates: Iterable<RawStatusUpdate>): RawStatusUpdate[] {
  const committed = new Map<number, RawStatusUpdate>();
  const fresh = new Map<string, RawStatusUpdate>();
  for (const push of updates) {
    for (const update of [...(push.earlier ?? []), push]) {
      if (update.sequence != null) {
        committed.set(update.sequence, first(committed.get(update.sequence), update));
      } else {
        fresh.set(update.eventId, first(fresh.get(update.eventId), update));
      }
    }
  }
  for (const update of committed.values()) {
    fresh.delete(update.eventId);
  }
  const inOrder = [...committed].sort(([one], [other]) => one - other).map(([, update]) => update);
  return [...inOrder, ...[...fresh.values()].sort(byTime)];
}

function byTime(one: RawStatusUpdate, other: RawStatusUpdate): number {
  return compareText(one.timestamp, other.timestamp) || compareText(one.eventId, other.eventId);
}

/** The one of two statuses with the same sequence that counts. In a correct log they are equal. */
function first(one: RawStatusUpdate | undefined, other: RawStatusUpdate): RawStatusUpdate {
  return one === undefined || one === other || byTime(other, one) < 0 ? other : one;
}

/** The invocation of a status; null for the job. An agent without an id is identified by its name. */
function invocationOf({ invocationId, agentName }: RawStatusUpdate): string | null {
  return invocationId || agentName || null;
}

/** A snapshot while statuses are applied to it. */
class Work {
  head: Head;
  agents: Map<string, AgentFold>;

  constructor(snapshot: Snapshot) {
    this.head = snapshot.head;
    this.agents = new Map(snapshot.agents);
  }

  take(update: RawStatusUpdate, sequence: number): void {
    if (this.head.sequence === 0) {
      this.#begin(update, sequence);
    }
    this.#set({ sequence });
    const metadata = jsonObject(update.metadata) ?? {};
    const run = runIn(metadata);
    if (run !== null) {
      if (isOlder(this.head.runs, run)) {
        return;
      }
      this.#enter(run, update, metadata);
    }
    const before = this.head;
    const invocation = invocationOf(update);
    if (invocation === null) {
      this.#takeJobStatus(update, metadata);
    } else {
      this.#takeAgentStatus(invocation, update, metadata);
    }
    this.#advance(before);
  }

  /** Apply the run of a status. An opening begins the next run if the current one is over. */
  #enter(run: RunId, update: RawStatusUpdate, metadata: JsonObject): void {
    const isOpening = invocationOf(update) === null && update.status === 'loading_agents';
    if (isOpening && !isKnown(this.head.runs, run)) {
      if (isPast(this.head, update)) {
        this.agents = new Map();
        this.head = inNewRun(this.head, run, update, metadata);
      } else {
        this.#set({ runs: joined(this.head.runs, run) });
      }
    }
    const opened = openedIn(update, metadata);
    if (opened !== null) {
      this.#set({ runs: ended(this.head.runs, run, opened) });
    }
  }

  /** Update the progress once for each status, because the sums are wrong during the changes of a status. */
  #advance(before: Head): void {
    const { weighted, planned } = this.head;
    if (planned && (weighted !== before.weighted || !before.planned)) {
      const revised = weighted.total !== before.weighted.total || !before.planned;
      this.#set({ weighted: advanced(weighted, revised) });
    }
  }

  #set(changes: Partial<Head>): void {
    this.head = { ...this.head, ...changes };
  }

  #begin(update: RawStatusUpdate, sequence: number): void {
    this.#set({
      jobId: update.jobId,
      userId: update.userId ?? null,
      tenantId: update.tenantId ?? null,
      createdMs: msOf(update.timestamp),
      startedMs: msOf(update.timestamp),
      runs: { ...this.head.runs, firstSequence: sequence },
    });
  }

  #takeAgentStatus(invocation: string, update: RawStatusUpdate, metadata: JsonObject): void {
    const known = this.agents.get(invocation);
    const fresh = newAgent(invocation, update.agentName || invocation, this.#order(0));
    let [agent, recency] = after(known ?? fresh, update, metadata);
    if (recency === 'current') {
      agent = this.#withPlan(agent, update.agentName ?? '', known === undefined);
    }
    this.#put(agent);
    if (recency !== 'current') {
      return;
    }
    this.#renewLease(update, metadata);
    if (agent.status !== 'pending') {
      this.#processing();
    }
    this.head = endedBy(this.head, update, metadata);
  }

  /** Let an invocation with its own id take over the planned step with its agent's name. */
  #withPlan(agent: AgentFold, name: string, isNew: boolean): AgentFold {
    const step = this.agents.get(name);
    if (agent.planned || step === undefined || !step.planned || step.weight === 0) {
      return agent;
    }
    const takesOver = step.claimedBy === null && step.status === 'pending';
    if (takesOver) {
      this.#put({ ...step, claimedBy: agent.invocationId });
    }
    return { ...plannedLike(agent, step), order: takesOver && isNew ? step.order : agent.order };
  }

  /** Store an agent, and update the job's sums. */
  #put(agent: AgentFold): void {
    const before = this.agents.get(agent.invocationId);
    this.agents.set(agent.invocationId, agent);
    let [weight, done] = countedOf(agent);
    let [tokensIn, tokensOut] = totalOf(agent.ledger);
    if (before !== undefined) {
      const [weightBefore, doneBefore] = countedOf(before);
      const [inBefore, outBefore] = totalOf(before.ledger);
      weight -= weightBefore;
      done -= doneBefore;
      tokensIn -= inBefore;
      tokensOut -= outBefore;
    }
    this.#paid(tokensIn, tokensOut);
    const waiters = waitersAfter(this.head.waiters, agent.invocationId, before?.waiting ?? null, agent.waiting);
    if (waiters !== this.head.waiters) {
      this.#set({ waiters });
    }
    if (weight !== 0 || done !== 0) {
      this.#set({ weighted: moved(this.head.weighted, weight, done) });
    }
  }

  #paid(tokensIn: number, tokensOut: number): void {
    if (tokensIn !== 0 || tokensOut !== 0) {
      const [before, beforeOut] = this.head.tokens;
      this.#set({ tokens: [before + tokensIn, beforeOut + tokensOut] });
    }
  }

  #takeJobStatus(update: RawStatusUpdate, metadata: JsonObject): void {
    const isCompleted = this.head.overallStatus === 'completed';
    const endedMs = isCompleted ? null : this.head.endedMs;
    const attempt = attemptOf(update, this.head.attempt, endedMs, update.status === 'reopened');
    this.#ownUsage(metadata, attempt);
    if (attempt > this.head.attempt && !isCompleted) {
      this.head = reopened(this.head, attempt);
    }
    if (attempt < this.head.attempt || isOver(this.head)) {
      return;
    }
    if (update.status === 'cancel_requested') {
      this.head = withCancelRequest(this.head, update, metadata);
      return;
    }
    this.head = described(this.head, metadata);
    this.#set({ waiting: waitingAfter(this.head.waiting, update, metadata) });
    this.#plan(metadata.plan);
    if (update.progress != null) {
      this.#set({ reported: Math.max(this.head.reported ?? 0, shareOf(update.progress)) });
    }
    this.#renewLease(update, metadata);
    if (!INITIAL_WORDS.has(update.status) && update.type !== 'heartbeat') {
      this.#processing();
    }
    this.head = endedBy(this.head, update, metadata);
  }

  #ownUsage(metadata: JsonObject, attempt: number): void {
    const usage = usageIn(metadata);
    if (usage !== null) {
      const [beforeIn, beforeOut] = totalOf(this.head.ledger);
      const ledger = reported(this.head.ledger, attempt, usage);
      this.#set({ ledger });
      const [tokensIn, tokensOut] = totalOf(ledger);
      this.#paid(tokensIn - beforeIn, tokensOut - beforeOut);
    }
  }

  #plan(plan: unknown): void {
    const steps = parsePlan(plan);
    for (const [index, step] of steps.entries()) {
      const agent = this.agents.get(step.invocationId) ?? newAgent(step.invocationId, step.name, this.#order(index));
      const name = agent.name === agent.invocationId ? step.name : agent.name;
      this.#put({ ...plannedLike(agent, step), name });
    }
    if (steps.length > 0) {
      this.#set({ planned: true });
    }
  }

  #order(index: number): number {
    return this.head.sequence * ORDERS_PER_STATUS + index;
  }

  #renewLease(update: RawStatusUpdate, metadata: JsonObject): void {
    const { updatedMs, leaseMs, eta } = this.head;
    const atMs = msOf(update.timestamp) ?? 0;
    const over = isOver(this.head);
    this.#set({
      updatedMs: updatedMs === null ? atMs : Math.max(updatedMs, atMs),
      leaseMs: over || isWaiting(this.head) ? null : renewed(leaseMs, update, metadata),
      eta: over ? null : (etaIn(metadata, atMs) ?? eta),
    });
  }

  #processing(): void {
    if (this.head.overallStatus === 'initializing') {
      this.#set({ overallStatus: 'processing' });
    }
  }
}

function plannedLike(
  agent: AgentFold,
  { weight, dependsOn, toolWeights }: Pick<AgentFold, 'weight' | 'dependsOn' | 'toolWeights'>
): AgentFold {
  // New weights must not reduce the progress that the old ones reached.
  return { ...agent, planned: true, weight, dependsOn, toolWeights, reported: progressOf(agent) };
}
