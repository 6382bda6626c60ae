// A state machine that joins one job and stays complete: events in, requests out. It has no socket, fetch, clock or timer.
//
//     begin ─► read the log (where it is long: the snapshot and the end of the log) while the subscription is on its way
//     subscribed ─► position: where is the head of the log now? ─► read up to there ─► whole
//     settle, poll, wake ─► position          gap in the pushes ─► read          interrupted ─► behind until subscribed
//
// Events change facts. Two pure functions use the facts: verdict.ts decides the verdict, nextRead.ts the next read.
// Pushes are kept from the beginning and applied by sequence, each status once.

import type { StatusbeamError } from '../errors.ts';
import { isOver } from '../fold/liveness.ts';
import type { Snapshot } from '../fold/snapshot.ts';
import { backoff, type Timing } from '../timing.ts';
import type { JobPosition, RawStatusUpdate, StatusUpdatePage } from '../types.ts';
import type { JoinCommand, JoinTimer } from './commands.ts';
import type { Coverage, Facts } from './facts.ts';
import { JobLog, PAGE } from './log.ts';
import { type NextRead, nextRead, SNAPSHOT } from './nextRead.ts';
import { Polls } from './polls.ts';
import { Recovery, type RecoveryCounts } from './recovery.ts';
import { readPush, readUpdate } from './update.ts';
import { type Assessment, verdictOf } from './verdict.ts';

/** A request for the position that is not answered yet. */
interface PositionRequest {
  readonly ticket: number;
  /** The subscription at the time of the request. The answer confirms only this one. */
  readonly coverage: Coverage | null;
  readonly last: number;
}

interface ReadRequest {
  readonly ticket: number;
  readonly kind: NextRead['kind'];
  readonly after: number;
  readonly last: number;
  readonly head: number;
}

export interface JoinOptions {
  readonly timing: Timing;
  readonly random: () => number;
  /** A log this much longer than the known part is joined by its snapshot. */
  readonly longLog?: number;
  /** How many statuses before a snapshot are read for display. */
  readonly tail?: number;
}

/** `tailFrom` when no statuses before the snapshot are wanted. */
const NO_TAIL = Number.POSITIVE_INFINITY;

export class JobJoin {
  #options: Required<JoinOptions>;
  #facts: Facts;
  #commands: JoinCommand[] = [];
  /** At most one position request and one read are open. An answer with another ticket is too late. */
  #position: PositionRequest | null = null;
  #read: ReadRequest | null = null;
  #tickets = 0;
  #recovery = new Recovery();
  /** Whether the position must be requested again. */
  #isPositionWanted = false;
  /** The store's mark of this use of the job id. */
  #epoch: string | null = null;
  /** Reads that failed in a row, and whether the pause after the last one is under way. */
  #failures = 0;
  #isPausing = false;
  #polls = new Polls();

  constructor(jobId: string, options: JoinOptions) {
    this.#options = { longLog: 500, tail: PAGE, ...options };
    this.#facts = {
      log: new JobLog(jobId),
      error: null,
      coverage: null,
      wasConfirmed: false,
      hasPosition: false,
      hasRead: false,
      isDelayed: false,
      cut: null,
      longLog: this.#options.longLog,
      tailFrom: NO_TAIL,
    };
  }

  get log(): JobLog {
    return this.#facts.log;
  }

  get error(): StatusbeamError | null {
    return this.#facts.error;
  }

  get recovery(): RecoveryCounts {
    return this.#recovery.counts;
  }

  /** The sequences that came from the log without a push: `recovery.lost` of this log. */
  get fromLog(): ReadonlySet<number> {
    return this.#recovery.lost;
  }

  /** The subscription is live, but the newest status came from the log and its push is overdue. */
  get isDelayed(): boolean {
    return this.#facts.isDelayed;
  }

  get verdict(): Assessment {
    return verdictOf(this.#facts);
  }

  /** The commands since the last call. */
  take(): JoinCommand[] {
    return this.#commands.splice(0);
  }

  /** Start to read, without waiting for the subscription. */
  begin(): void {
    this.#next();
  }

  /** start_ack: from now on pushes come, except for those that AppSync loses. */
  subscribed(): void {
    // A subscription that starts during a live one (renewal) interrupts nothing; the join still checks its position.
    if (!this.#facts.coverage?.isLive) {
      if (this.#facts.coverage !== null) {
        this.#recovery.reconnect();
      }
      this.#facts.coverage = { isLive: true, isConfirmed: false };
    }
    this.#pushesArrive();
    this.#facts.error = null;
    this.#retryNow();
    this.check();
    this.#timer('settle', this.#options.timing.settle);
  }

  interrupted(): void {
    if (this.#facts.coverage !== null) {
      this.#facts.coverage.isLive = false;
    }
    this.#pushesArrive(); // the next live subscription shows whether pushes arrive
    this.#timer('settle', null);
  }

  /** The subscription was refused; reads go on. */
  refused(error: StatusbeamError): void {
    this.interrupted();
    this.#facts.error = error;
  }

  push(update: RawStatusUpdate): void {
    if (update.jobId !== this.log.jobId) {
      return;
    }
    const [wasWhole, reached] = [this.log.isWhole, this.log.last];
    const { fresh, known, conflict } = this.log.take(readPush(update));
    if (conflict) {
      this.#restart(null);
      return;
    }
    this.#recovery.pushed(fresh, known);
    this.#pushesArrive();
    if (this.log.isWhole) {
      this.#timer('gap', null);
    } else if (wasWhole || this.log.last > reached) {
      this.#timer('gap', this.#options.timing.gap);
    }
  }

  /** Request the position. If a request is open, request it again afterwards. */
  check(): void {
    this.#isPositionWanted = this.#position !== null;
    if (!this.#isPositionWanted) {
      const { coverage, log } = this.#facts;
      const ticket = this.#nextTicket();
      this.#position = { ticket, coverage: coverage?.isLive ? coverage : null, last: log.last };
      this.#commands.push({ type: 'position', ticket });
    }
  }

  /** The client's regular check. An ended job is rarely checked; a failed one may be reopened. */
  poll(): void {
    const { log, coverage, error, hasPosition, isDelayed } = this.#facts;
    const isDone = isOver(log.snapshot.head) && log.isWhole && hasPosition && error === null;
    // A refused client rarely asks; a new login may change the answer.
    const pace = isDone || error?.isRefusal ? 'seldom' : isDelayed || !coverage?.isLive ? 'brisk' : 'steady';
    if (this.#polls.isTurn(pace) && !this.#isPausing) {
      this.check(); // after a failure, its pause comes first
    }
  }

  /** The page woke up. */
  woke(): void {
    this.#polls.changed();
    this.#retryNow();
    this.check();
  }

  timer(name: JoinTimer): void {
    if (name === 'settle') {
      this.check();
      return;
    }
    if (name === 'late') {
      this.#facts.isDelayed = true;
      return;
    }
    // While the first read is pending, the statuses before a push are no gap.
    if (name === 'gap' && this.#facts.hasRead && !this.log.isWhole) {
      this.#recovery.gap();
    }
    this.#isPausing = false;
    this.#next();
  }

  positioned(ticket: number, { sequence, epoch }: Pick<JobPosition, 'sequence' | 'epoch'>): void {
    const asked = this.#position;
    if (asked?.ticket !== ticket) {
      return;
    }
    this.#position = null;
    this.#facts.hasPosition = true;
    this.#facts.error = null;
    const isGone = sequence === 0 && asked.last > 0;
    if (!isGone && (this.#isAnother(epoch) || sequence < asked.last)) {
      this.#restart(epoch);
      return;
    }
    let isPushPending = false;
    if (isGone) {
      this.#facts.cut = 'job_gone';
    } else {
      this.#facts.cut = this.#facts.cut === 'job_gone' ? null : this.#facts.cut;
      this.#epochIs(epoch);
      const wasWhole = this.log.isWhole;
      this.log.reaches(sequence);
      // A push that a live subscription has not brought yet may be on its way.
      isPushPending = wasWhole && !this.log.isWhole && Boolean(this.#facts.coverage?.isLive && this.#facts.coverage.isConfirmed);
      if (asked.coverage !== null && asked.coverage === this.#facts.coverage) {
        this.#facts.wasConfirmed = this.#facts.coverage.isConfirmed = true;
        this.#recovery.joined(sequence);
      }
    }
    if (this.#isPositionWanted) {
      this.check();
    }
    if (isPushPending) {
      this.#timer('gap', this.#options.timing.gap);
    } else {
      this.#next();
    }
  }

  paged(ticket: number, page: StatusUpdatePage): void {
    const asked = this.#read;
    if (asked?.ticket !== ticket) {
      return;
    }
    this.#read = null;
    this.#succeeded();
    if (asked.kind === 'tail') {
      if (!this.log.takeBefore(page)) {
        this.#facts.tailFrom = NO_TAIL;
      }
    } else if (!page.recovered) {
      this.#unrecovered(page, asked);
    } else if (this.#tookPage(page)) {
      this.#restart(null);
      return;
    }
    this.#continue(asked);
  }

  snapshotted(ticket: number, snapshot: Snapshot): void {
    const asked = this.#read;
    if (asked?.ticket !== ticket) {
      return;
    }
    this.#read = null;
    const { sequence, epoch } = snapshot.head;
    this.#succeeded();
    if (sequence > 0 && this.#isAnother(epoch)) {
      this.#restart(epoch);
      return;
    }
    if (sequence > this.log.last) {
      this.#epochIs(epoch);
      this.log.goOnFrom(snapshot);
      this.#facts.tailFrom = Math.max(0, sequence - this.#options.tail);
    }
    this.#continue(asked);
  }

  failed(ticket: number, error: StatusbeamError): void {
    const [read, isPosition] = [this.#read, this.#position?.ticket === ticket];
    if (isPosition) {
      this.#position = null;
      this.#isPositionWanted = true;
    } else if (read?.ticket === ticket) {
      this.#read = null;
    } else {
      return;
    }
    if (!isPosition && read?.kind === 'snapshot' && error.code === 'bad_request') {
      this.#facts.longLog = Number.POSITIVE_INFINITY;
      this.#next();
      return;
    }
    this.#facts.error = error;
    if (error.retriable) {
      this.#pause();
    }
  }

  stop(): void {
    for (const name of ['settle', 'gap', 'late', 'retry'] as const) {
      this.#timer(name, null);
    }
    this.interrupted();
    this.#position = this.#read = null;
  }

  /** The login has changed to another user: start again as for an unknown job. */
  forget(): void {
    this.#recovery = new Recovery();
    Object.assign(this.#facts, { coverage: null, error: null, hasPosition: false });
    this.#restart(null);
  }

  /** Read the missing statuses, one read at a time. */
  #next(): void {
    if (this.#isPausing) {
      return;
    }
    if (this.#isPositionWanted) {
      this.check();
    }
    const read = nextRead(this.#facts);
    if (read !== null && this.#read === null) {
      this.#ask(read);
    }
  }

  #ask({ kind, after, limit }: NextRead): void {
    this.#timer('gap', null);
    const ticket = this.#nextTicket();
    this.#read = { ticket, kind, after, last: this.log.last, head: this.log.head };
    this.#commands.push(kind === 'snapshot' ? { type: 'snapshot', ticket } : { type: 'page', ticket, after, limit });
  }

  #succeeded(): void {
    this.#facts.hasRead = true;
    this.#failures = 0;
    this.#facts.error = null;
  }

  /** Whether the page contradicts the known part of the log. */
  #tookPage(page: StatusUpdatePage): boolean {
    const { last } = this.log;
    this.log.reaches(page.currentSequence);
    const updates = page.updates.map(readUpdate).filter((update) => update !== null);
    if (last === 0 && this.log.head > this.#facts.longLog) {
      return false; // too long to be read whole: the snapshot comes next
    }
    const { fresh, conflict } = this.log.take(updates);
    if (fresh.length > 0) {
      this.#polls.changed();
    }
    if (this.#recovery.read(fresh) && this.#facts.coverage?.isLive) {
      this.#timer('late', this.#options.timing.late);
    }
    return conflict;
  }

  #unrecovered(page: StatusUpdatePage, asked: ReadRequest): void {
    if (page.reason === 'ahead_of_log') {
      if (page.currentSequence === 0) {
        this.#facts.cut = 'job_gone';
      } else if (this.log.last === asked.last) {
        this.#restart(null);
      }
      return;
    }
    this.#facts.cut = page.reason === 'gap_in_log' ? 'gap_in_log' : 'log_expired';
    this.log.recordExpired(page);
    this.log.reaches(page.currentSequence);
    if (this.#facts.longLog < Number.POSITIVE_INFINITY) {
      this.#ask(SNAPSHOT);
    }
  }

  /** A push arrived, or a new subscription begins, so no push is overdue. */
  #pushesArrive(): void {
    this.#facts.isDelayed = false;
    this.#polls.changed();
    this.#timer('late', null);
  }

  /** Continue reading if a status is missing. After a read without new statuses, wait first. */
  #continue(asked: ReadRequest): void {
    const isStuck = !this.log.isWhole && asked.kind !== 'tail' && this.log.last === asked.last && this.log.head === asked.head;
    if (isStuck && this.#read === null) {
      this.#pause();
    } else {
      this.#next();
    }
  }

  #pause(): void {
    const { timing, random } = this.#options;
    this.#isPausing = true;
    this.#timer('retry', backoff(this.#failures, timing, random));
    this.#failures += 1;
  }

  #retryNow(): void {
    this.#failures = 0;
    this.#isPausing = false;
    this.#timer('retry', null);
    this.#next();
  }

  #isAnother(epoch: string | null): boolean {
    return this.#epoch !== null && epoch !== null && epoch !== this.#epoch;
  }

  #epochIs(epoch: string | null): void {
    if (epoch !== null) {
      this.#epoch = epoch;
      this.log.named(epoch);
    }
  }

  /** The job id belongs to another job now: drop the known log. */
  #restart(epoch: string | null): void {
    this.#epoch = epoch;
    const log = new JobLog(this.log.jobId, epoch);
    this.#recovery.restart();
    this.#position = this.#read = null;
    Object.assign(this.#facts, { log, cut: null, hasRead: false, isDelayed: false, tailFrom: NO_TAIL, wasConfirmed: false });
    if (this.#facts.coverage !== null) {
      this.#facts.coverage.isConfirmed = false;
    }
    this.#retryNow();
    this.check();
  }

  #nextTicket(): number {
    this.#tickets += 1;
    return this.#tickets;
  }

  #timer(name: JoinTimer, delay: number | null): void {
    this.#commands.push({ type: 'timer', name, delay });
  }
}
