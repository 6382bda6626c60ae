// One job that is watched: runs a JobJoin, shared by every watch of the job.

import type { StatusbeamError } from '../errors.ts';
import { emptySnapshot, jobView, nextLivenessChange, type Snapshot, snapshotOf } from '../fold/snapshot.ts';
import type { JoinCommand, Reason, Verdict } from '../join/commands.ts';
import { JobJoin } from '../join/join.ts';
import { NO_RECOVERY, NONE_LOST, type RecoveryCounts } from '../join/recovery.ts';
import type { Timing } from '../timing.ts';
import type { Job, JobPosition, RawStatusUpdate, StatusUpdate, StatusUpdatePage, StoredJob } from '../types.ts';
import type { Environment } from './environment.ts';
import { Runner, type Work } from './runner.ts';
import { Store, unchanged } from './store.ts';
import { TimeTravel } from './timetravel.ts';

/** `live`: pushes arrive. `delayed`: the connection is live, but position checks find the statuses. */
export type Connection = 'connecting' | 'live' | 'delayed' | 'reconnecting' | 'closed';

/** The state of one watched job. Immutable; an unchanged part is the same object in the next state. */
export interface JobState {
  readonly job: Job;
  /** The known part of the log, in order and without a gap. */
  readonly updates: readonly StatusUpdate[];
  /** The sequence of the first of them. More than 1: `loadHistory` has the earlier ones. */
  readonly firstSequence: number;
  readonly verdict: Verdict;
  readonly reason: Reason | null;
  readonly connection: Connection;
  readonly recovery: RecoveryCounts;
  /** The sequences that the client read from the log because their push got lost. */
  readonly fromLog: ReadonlySet<number>;
  readonly error: StatusbeamError | null;
}

/** The reads that a watched job needs. All throw StatusbeamError. */
export interface Reader {
  position(jobId: string): Promise<JobPosition>;
  page(jobId: string, afterSequence: number, limit: number): Promise<StatusUpdatePage>;
  job(jobId: string): Promise<StoredJob>;
  /** Epoch milliseconds by the service's clock. */
  now(): number;
}

export interface WatchedJobOptions {
  readonly reader: Reader;
  readonly environment: Environment;
  readonly timing: Timing;
  /** Called when the job's pushes become delayed, or are no longer delayed. */
  readonly delayed: () => void;
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
    recovery: NO_RECOVERY,
    fromLog: NONE_LOST,
    error: null,
  };
}

export class WatchedJob {
  readonly jobId: string;
  readonly store: Store<JobState>;
  readonly join: JobJoin;
  #reader: Reader;
  #delayed: () => void;
  #wasDelayed = false;
  #runner: Runner<JobJoin, JoinCommand>;
  #connection: Connection;
  /** The newest job, its snapshot, and the times between which its liveness holds. */
  #shown: { snapshot: Snapshot; fromMs: number; untilMs: number; job: Job };
  #expiresAt: number | null = null;
  #travel: { origin: Snapshot; updates: readonly StatusUpdate[]; travel: TimeTravel } | null = null;
  #history: Promise<void> | null = null;
  #isStopped = false;

  constructor(jobId: string, { reader, environment, timing, delayed }: WatchedJobOptions, connection: Connection) {
    this.jobId = jobId;
    this.#reader = reader;
    this.#delayed = delayed;
    this.#connection = connection;
    this.join = new JobJoin(jobId, { timing, random: environment.random });
    const changed = () => this.#changed();
    this.#runner = new Runner(this.join, environment, (command) => this.#read(command), changed);
    const first = initialState(jobId, connection);
    this.#shown = { snapshot: this.join.log.snapshot, fromMs: 0, untilMs: 0, job: first.job };
    this.store = new Store(first, (before) => this.#state(before), environment);
  }

  get isDelayed(): boolean {
    return this.join.isDelayed;
  }

  /** Pass an event to the join: `watched.do((join) => join.check())`. */
  do(event: (join: JobJoin) => void): void {
    this.#runner.do(event);
  }

  push(update: RawStatusUpdate): void {
    this.do((join) => join.push(update));
  }

  connected(connection: Connection): void {
    this.#connection = connection;
    this.store.changed();
  }

  /** The login has changed to another user. */
  forget(): void {
    this.#expiresAt = null;
    this.do((join) => join.forget());
  }

  stop(): void {
    this.#runner.do((join) => join.stop());
    this.#runner.stop();
    this.#isStopped = true;
    this.#connection = 'closed';
    this.store.changed();
  }

  /** The job after the status `sequence`; null for one that the known part of the log lacks. */
  at(sequence: number): Job | null {
    const { origin, updates } = this.join.log;
    if (this.#travel?.origin !== origin || this.#travel.updates !== updates) {
      this.#travel = { origin, updates, travel: new TimeTravel(origin, updates) };
    }
    return this.#travel.travel.at(sequence);
  }

  /** Read the statuses before the known part of the log, if the log still has them. Throws StatusbeamError. */
  loadHistory(): Promise<void> {
    this.#history ??= this.#loadHistory().finally(() => {
      this.#history = null;
    });
    return this.#history;
  }

  async #loadHistory(): Promise<void> {
    for (let reads = this.join.log.readsBefore(0, AT_ONCE); reads.length > 0 && !this.#isStopped; ) {
      const { log } = this.join;
      const pages = await Promise.all(reads.map(({ after, limit }) => this.#reader.page(this.jobId, after, limit)));
      let isMoving = log !== this.join.log; // meanwhile the job id or the login has changed
      for (const page of pages) {
        isMoving = log.takeBefore(page) || isMoving;
      }
      this.store.changed();
      reads = isMoving ? this.join.log.readsBefore(0, AT_ONCE) : [];
    }
  }

  #changed(): void {
    if (this.#wasDelayed !== this.isDelayed) {
      this.#wasDelayed = this.isDelayed;
      this.#delayed();
    }
    this.store.changed();
  }

  #read(command: Work<JoinCommand>): void {
    const { ticket } = command;
    const failed = (join: JobJoin, error: StatusbeamError) => join.failed(ticket, error);
    if (command.type === 'position') {
      const position = this.#reader.position(this.jobId);
      void this.#runner.answer(position, (join, answer) => join.positioned(ticket, answer), failed);
    } else if (command.type === 'page') {
      const page = this.#reader.page(this.jobId, command.after, command.limit);
      void this.#runner.answer(page, (join, answer) => join.paged(ticket, answer), failed);
    } else {
      const received = (join: JobJoin, job: StoredJob) => {
        this.#expiresAt = job.expiresAt ?? null;
        join.snapshotted(ticket, snapshotOf(job));
      };
      void this.#runner.answer(this.#reader.job(this.jobId), received, failed);
    }
  }

  #state(before: JobState): JobState {
    const { log, recovery, fromLog, error } = this.join;
    return unchanged(before, {
      job: this.#job(),
      updates: log.updates,
      firstSequence: log.first,
      ...this.join.verdict,
      connection: this.#connection === 'live' && this.isDelayed ? 'delayed' : this.#connection,
      recovery,
      fromLog,
      error,
    });
  }

  #job(): Job {
    const { snapshot } = this.join.log;
    const nowMs = this.#reader.now();
    const untilMs = nextLivenessChange(snapshot, nowMs);
    this.#runner.timer('liveness', untilMs === Number.POSITIVE_INFINITY ? null : untilMs - nowMs + 1, () => this.store.changed());
    const shown = this.#shown;
    if (shown.snapshot !== snapshot || nowMs < shown.fromMs || nowMs >= shown.untilMs) {
      const job = jobView(snapshot, { now: nowMs / 1000, expiresAt: this.#expiresAt });
      this.#shown = { snapshot, fromMs: nowMs, untilMs, job };
    }
    return this.#shown.job;
  }
}
