// The snapshot is a fold of the log, the twin of statusbeam/log/snapshot/fold.py: docs/fold.md has the rules,
// tests/vectors/*.json the examples that hold both.
//
//     jobView(fold(log))                                   in any order, redelivered as often as you like
//     apply(fold(log.slice(0, 40)), log.slice(40))         equals fold(log)

import type { Job, JsonObject, RawStatusUpdate } from '../types.ts';
import { type AgentFold, after, attemptOf, countedOf, metadataOf, type News, newAgent, progressOf, renewed } from './agent.ts';
import { compareText, isObject, msOf, numberIn, SECONDS_MAX, shareOf, shortText } from './numbers.ts';
import { advanced, moved, parsePlan } from './progress.ts';
import { emptySnapshot, type Head, IDENTITY, isOver, jobView, type Snapshot } from './snapshot.ts';
import { reported, totalOf, usageIn } from './usage.ts';

const INITIAL_WORDS = new Set(['loading_agents', 'initializing', 'pending']);
const ORDERS_PER_STATUS = 64;

/** The snapshot of one job's statuses; of none, that of a job that has not begun. */
export function fold(updates: Iterable<RawStatusUpdate>, { epoch = null }: { epoch?: string | null } = {}): Snapshot {
  return apply(emptySnapshot('', epoch), updates);
}

/** The snapshot after `updates`, which must continue the log. What the snapshot holds already changes nothing. */
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

/** The job as it was when the log had come to `sequence`. `base` is the snapshot that `updates` continue. */
export function jobAt(updates: readonly RawStatusUpdate[], sequence: number, base: Snapshot = emptySnapshot()): Job {
  return jobView(
    apply(
      base,
      updates.filter((update) => (update.sequence ?? Number.POSITIVE_INFINITY) <= sequence)
    )
  );
}

/** Each status once, in the order that decides which news is latest. */
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

/** Which of two statuses at one place counts; a sound log has only equal ones, then it doesn't matter. */
function first(one: RawStatusUpdate | undefined, other: RawStatusUpdate): RawStatusUpdate {
  return one === undefined || one === other || byTime(other, one) < 0 ? other : one;
}

/** A snapshot while statuses are taken into it, one after the other. */
class Work {
  head: Head;
  readonly agents: Map<string, AgentFold>;

  constructor(snapshot: Snapshot) {
    this.head = snapshot.head;
    this.agents = new Map(snapshot.agents);
  }

  take(update: RawStatusUpdate, sequence: number): void {
    if (this.head.sequence === 0) {
      this.#begin(update);
    }
    const before = this.head;
    this.head = { ...this.head, sequence };
    const invocation = update.invocationId || update.agentName || null;
    if (invocation === null) {
      this.#jobNews(update);
    } else {
      this.#agentNews(invocation, update);
    }
    this.#advance(before);
  }

  /** Bring the bar up to date, once a status: amid the changes of one status the sums aren't true. */
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

  #begin(update: RawStatusUpdate): void {
    this.#set({
      jobId: update.jobId,
      userId: update.userId ?? null,
      tenantId: update.tenantId ?? null,
      createdMs: msOf(update.timestamp),
    });
  }

  #agentNews(invocation: string, update: RawStatusUpdate): void {
    const known = this.agents.get(invocation);
    const fresh = newAgent(invocation, update.agentName || invocation, this.#order(0));
    let [agent, news]: [AgentFold, News] = after(known ?? fresh, update);
    if (news === 'live') {
      agent = this.#withPlan(agent, update.agentName ?? '', known === undefined);
    }
    this.#put(agent);
    if (news !== 'live') {
      return;
    }
    this.#signOfLife(update);
    if (agent.status !== 'pending') {
      this.#processing();
    }
    this.#ending(update);
  }

  /** An invocation under its own id takes over the planned step of its agent's name. */
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

  /** Store an agent and settle what its change means for the job's sums. */
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

  #jobNews(update: RawStatusUpdate): void {
    const endedMs = this.head.overallStatus === 'failed' ? this.head.endedMs : null;
    const attempt = attemptOf(update, this.head.attempt, endedMs, update.status === 'reopened');
    const metadata = metadataOf(update);
    this.#ownUsage(metadata, attempt);
    if (attempt > this.head.attempt && this.head.overallStatus !== 'completed') {
      this.#reopen(attempt);
    }
    if (attempt < this.head.attempt || isOver(this.head)) {
      return;
    }
    this.#identify(metadata);
    this.#plan(metadata.plan);
    if (update.progress != null) {
      this.#set({ reported: Math.max(this.head.reported ?? 0, shareOf(update.progress)) });
    }
    this.#signOfLife(update);
    if (!INITIAL_WORDS.has(update.status) && update.type !== 'heartbeat') {
      this.#processing();
    }
    this.#ending(update);
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

  #reopen(attempt: number): void {
    this.#set(isOver(this.head) ? { attempt, overallStatus: 'processing', endedMs: null } : { attempt });
  }

  #identify(metadata: JsonObject): void {
    for (const name of IDENTITY) {
      const value = shortText(metadata[name]);
      if (value !== null && this.head[name] === null) {
        this.#set({ [name]: value });
      }
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

  #signOfLife(update: RawStatusUpdate): void {
    const { updatedMs, leaseMs, eta } = this.head;
    const atMs = msOf(update.timestamp) ?? 0;
    const over = isOver(this.head);
    this.#set({
      updatedMs: updatedMs === null ? atMs : Math.max(updatedMs, atMs),
      leaseMs: over ? null : renewed(leaseMs, update),
      eta: over ? null : (etaIn(metadataOf(update), atMs) ?? eta),
    });
  }

  #processing(): void {
    if (this.head.overallStatus === 'initializing') {
      this.#set({ overallStatus: 'processing' });
    }
  }

  /** The types `complete` and `error` are the job's final status, whichever agent reports it. */
  #ending(update: RawStatusUpdate): void {
    if ((update.type === 'complete' || update.type === 'error') && !isOver(this.head)) {
      this.#set({
        overallStatus: update.type === 'complete' ? 'completed' : 'failed',
        endedMs: msOf(update.timestamp),
        leaseMs: null,
        eta: null,
      });
    }
  }
}

function plannedLike(
  agent: AgentFold,
  { weight, dependsOn, toolWeights }: Pick<AgentFold, 'weight' | 'dependsOn' | 'toolWeights'>
): AgentFold {
  // Other weights must not take back what was reached with the old ones.
  return { ...agent, planned: true, weight, dependsOn, toolWeights, reported: progressOf(agent) };
}

/** `{"eta": {"p50": 8.2, "p90": 14.9}}`, the publisher's estimate in seconds, as Head.eta. */
function etaIn(metadata: JsonObject, atMs: number): readonly [number, number, number] | null {
  const found = metadata.eta;
  if (!isObject(found)) {
    return null;
  }
  const [p50, p90] = [numberIn(found, 'p50', SECONDS_MAX), numberIn(found, 'p90', SECONDS_MAX)];
  if (p50 === null || p90 === null) {
    return null;
  }
  const p50Ms = Math.floor(p50 * 1000 + 0.5);
  return [p50Ms, Math.max(p50Ms, Math.floor(p90 * 1000 + 0.5)), atMs];
}
