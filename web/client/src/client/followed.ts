// One job that is followed: a JobJoin with its commands carried out, shared by all who watch the job.

import { readError, type StatusbeamError } from '../errors.ts';
import { nextLivenessChange } from '../fold/liveness.ts';
import { emptySnapshot, jobView, type Snapshot, snapshotOf } from '../fold/snapshot.ts';
import type { JoinCommand, JoinTimer, Reason, Verdict } from '../join/commands.ts';
import { type Healed, NONE_LOST, NOTHING_HEALED } from '../join/healing.ts';
import { JobJoin, PAGE } from '../join/join.ts';
import { isRow } from '../join/log.ts';
import { readUpdate } from '../join/update.ts';
import type { Timing } from '../timing.ts';
import type { Job, JobPosition, StatusUpdate, StatusUpdatePage, StoredJob, WireUpdate } from '../types.ts';
import type { Environment } from './environment.ts';
import { kept, Store } from './store.ts';
import { TimeTravel } from './timetravel.ts';

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'closed';

/** Everything about one job. Immutable; a part that did not change is the same object in the next state. */
export interface JobState {
  readonly job: Job;
  /** The known part of the log, in order and without a hole. */
  readonly updates: readonly StatusUpdate[];
  /** The sequence of the first of them. More than 1: `loadHistory` has the earlier ones. */
  readonly firstSequence: number;
  readonly verdict: Verdict;
  readonly reason: Reason | null;
  readonly connection: Connection;
  readonly healed: Healed;
  /** The sequences that no push brought although the job was watched: the log gave them. */
  readonly fromLog: ReadonlySet<number>;
  readonly error: StatusbeamError | null;
}

/** The reads that following a job takes. All throw StatusbeamError. */
export interface Reader {
  position(jobId: string): Promise<JobPosition>;
  page(jobId: string, afterSequence: number, limit: number): Promise<StatusUpdatePage>;
  job(jobId: string): Promise<StoredJob>;
  /** Epoch milliseconds by the service's clock. */
  now(): number;
}

const AT_ONCE = 4;

export function initialState(jobId: string, connection: Connection = 'connecting'): JobState {
  return {
    job: jobView(emptySnapshot(jobId)),
    updates: [],
    firstSequence: 1,
    verdict: 'joining',
    reason: 'connecting',
    connection,
    healed: NOTHING_HEALED,
    fromLog: NONE_LOST,
    error: null,
  };
}

export class FollowedJob {
  readonly jobId: string;
  readonly store: Store<JobState>;
  readonly join: JobJoin;
  #reader: Reader;
  #environment: Environment;
  #connection: Connection;
  #timers = new Map<JoinTimer | 'liveness', unknown>();
  /** What was shown last, and of what. */
  #shown: { snapshot: Snapshot; liveness: string | null; job: Job };
  #expiresAt: number | null = null;
  #travel: { origin: Snapshot; updates: readonly StatusUpdate[]; travel: TimeTravel } | null = null;
  #history: Promise<void> | null = null;
  #isStopped = false;
  #isRunning = false;

  constructor(jobId: string, reader: Reader, environment: Environment, timing: Timing, connection: Connection) {
    this.jobId = jobId;
    this.#reader = reader;
    this.#environment = environment;
    this.#connection = connection;
    this.join = new JobJoin(jobId, { timing, random: environment.random });
    const first = initialState(jobId, connection);
    this.#shown = { snapshot: this.join.log.snapshot, liveness: null, job: first.job };
    this.store = new Store(first, (before) => this.#state(before), environment);
  }

  /** Tell the join something: `followed.do((join) => join.check())`. */
  do(event: (join: JobJoin) => void): void {
    if (this.#isStopped) {
      return;
    }
    event(this.join);
    if (this.#isRunning) {
      return;
    }
    this.#isRunning = true;
    for (let commands = this.join.take(); commands.length > 0; commands = this.join.take()) {
      for (const command of commands) {
        this.#carryOut(command);
      }
    }
    this.#isRunning = false;
    this.store.touch();
  }

  push(update: WireUpdate): void {
    this.do((join) => join.push(update));
  }

  connected(connection: Connection): void {
    this.#connection = connection;
    this.store.touch();
  }

  stop(): void {
    this.do((join) => join.stop());
    this.#isStopped = true;
    for (const timer of this.#timers.values()) {
      this.#environment.clearTimeout(timer);
    }
    this.#timers.clear();
    this.#connection = 'closed';
    this.store.touch();
  }

  /** The job when its log had come to `sequence`; null where the known part of the log does not tell. */
  at(sequence: number): Job | null {
    const { origin, updates } = this.join.log;
    if (this.#travel?.origin !== origin || this.#travel.updates !== updates) {
      this.#travel = { origin, updates, travel: new TimeTravel(origin, updates) };
    }
    return this.#travel.travel.at(sequence);
  }

  /** Read what lies before the known part of the log, as far back as the log still goes. Throws StatusbeamError. */
  loadHistory(): Promise<void> {
    this.#history ??= this.#loadHistory().finally(() => {
      this.#history = null;
    });
    return this.#history;
  }

  async #loadHistory(): Promise<void> {
    let goes = true;
    while (goes && !this.#isStopped && this.join.log.first > 1) {
      const { log } = this.join;
      const { first } = log;
      const chunks = Array.from({ length: AT_ONCE }, (_, index) => first - 1 - PAGE * index).filter((last) => last > 0);
      const pages = await Promise.all(
        chunks.map((last) => this.#reader.page(this.jobId, Math.max(0, last - PAGE), Math.min(PAGE, last)))
      );
      const found: StatusUpdate[] = [];
      for (const page of pages) {
        const updates = page.updates.map(readUpdate).filter((update) => update !== null);
        goes &&= page.recovered && updates.length > 0 && isRow([...updates, ...found]);
        if (goes) {
          found.unshift(...updates);
        }
      }
      // Meanwhile another read may have come, of the log's end or of another job with this id: then on from there.
      const hasMoved = this.join.log !== log || log.first !== first;
      log.prepend(found.filter(({ sequence }) => sequence < log.first));
      goes ||= hasMoved;
      this.store.touch();
    }
  }

  #carryOut(command: JoinCommand): void {
    if (command.type === 'timer') {
      this.#timer(command.name, command.delay, () => this.do((join) => join.timer(command.name)));
    } else {
      void this.#ask(command);
    }
  }

  async #ask(command: Exclude<JoinCommand, { type: 'timer' }>): Promise<void> {
    const { ticket } = command;
    try {
      if (command.type === 'position') {
        const position = await this.#reader.position(this.jobId);
        this.do((join) => join.positioned(ticket, position));
      } else if (command.type === 'page') {
        const page = await this.#reader.page(this.jobId, command.after, command.limit);
        this.do((join) => join.paged(ticket, page));
      } else {
        const job = await this.#reader.job(this.jobId);
        this.#expiresAt = job.expiresAt ?? null;
        this.do((join) => join.snapshotted(ticket, snapshotOf(job)));
      }
    } catch (error) {
      const told = readError(error, this.#environment.report);
      this.do((join) => join.failed(ticket, told));
    }
  }

  #state(before: JobState): JobState {
    const { log, healed, fromLog, error } = this.join;
    return kept(before, {
      job: this.#job(),
      updates: log.updates,
      firstSequence: log.first,
      ...this.join.verdict,
      connection: this.#connection,
      healed,
      fromLog,
      error,
    });
  }

  #job(): Job {
    const { snapshot } = this.join.log;
    const nowMs = this.#reader.now();
    const job = jobView(snapshot, { now: nowMs / 1000, expiresAt: this.#expiresAt });
    const change = nextLivenessChange(snapshot.head.leaseMs, nowMs);
    const delay = change === null || this.#isStopped ? null : Math.max(0, change - nowMs) + 1;
    this.#timer('liveness', delay, () => this.store.touch());
    if (this.#shown.snapshot === snapshot && this.#shown.liveness === job.liveness) {
      return this.#shown.job;
    }
    this.#shown = { snapshot, liveness: job.liveness, job };
    return job;
  }

  #timer(name: JoinTimer | 'liveness', delay: number | null, action: () => void): void {
    this.#environment.clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    if (delay !== null) {
      const fire = () => {
        this.#timers.delete(name);
        action();
      };
      this.#timers.set(name, this.#environment.setTimeout(fire, delay));
    }
  }
}
