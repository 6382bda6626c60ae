// Join one job and stay whole, as a state machine: what came in, what to ask next out. No socket, fetch, clock or timer.
//
//     begin ─► read the log (or, where it is long, the snapshot and its end) while the subscription is on its way
//     subscribed ─► position: how far is the log *after* the subscription stood? ─► read up to there ─► whole
//     settle, beat, wake ─► position          gap in the pushes ─► read          interrupted ─► behind until subscribed
//
// Pushes are kept from the first moment on and drained by sequence; each status is applied once. `whole` is only said
// when a consistent read, asked for after the latest start_ack, came no further than what is held.

import type { StatusbeamError } from '../errors.ts';
import { isOver, type Snapshot } from '../fold/snapshot.ts';
import { backoff, type Timing } from '../timing.ts';
import type { JobPosition, StatusUpdatePage, WireUpdate } from '../types.ts';
import type { JoinCommand, JoinTimer, Reason } from './commands.ts';
import { type Healed, Healing } from './healing.ts';
import { JobLog } from './log.ts';
import { Questions, type Read } from './questions.ts';
import { readPush, readUpdate } from './update.ts';
import { type Said, verdictOf } from './verdict.ts';

export interface JoinOptions {
  readonly timing: Timing;
  readonly random: () => number;
  /** A log this much further than what is held is not read whole: snapshot and end. */
  readonly longLog?: number;
  /** How many statuses before a snapshot are read for show. */
  readonly tail?: number;
}

export const PAGE = 100;
/** Where there is little to expect, one beat in so many is a check. */
export const SELDOM = 15;

export class JobJoin {
  log: JobLog;
  error: StatusbeamError | null = null;
  #options: Required<JoinOptions>;
  #commands: JoinCommand[] = [];
  #questions = new Questions();
  #checkAgain = false;
  /** Counts the times the subscription came to stand; a position asked for in an earlier era proves nothing. */
  #era = 0;
  #isLive = false;
  #confirmedEra = -1;
  #hasRead = false;
  #hasPosition = false;
  #epoch: string | null = null;
  #cut: Reason | null = null;
  #tailWanted = false;
  #tries = 0;
  #isWaiting = false;
  #beats = 0;
  /** getJob cannot tell this job (it has too many agents): the log must do. */
  #noSnapshot = false;
  #healing = new Healing();

  constructor(jobId: string, options: JoinOptions) {
    this.#options = { longLog: 500, tail: PAGE, ...options };
    this.log = new JobLog(jobId);
  }

  get healed(): Healed {
    return this.#healing.counts;
  }

  /** The sequences that the log gave and no push: `healed.lost` of this log. */
  get fromLog(): ReadonlySet<number> {
    return this.#healing.lost;
  }

  take(): JoinCommand[] {
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }

  get verdict(): Said {
    return verdictOf({
      error: this.error,
      cut: this.#cut,
      isWhole: this.log.isWhole,
      isLive: this.#isLive,
      era: this.#era,
      confirmedEra: this.#confirmedEra,
      hasRead: this.#hasRead,
      hasPosition: this.#hasPosition,
    });
  }

  /** Start reading, without waiting for the subscription. */
  begin(): void {
    this.#next();
  }

  /** start_ack: from now on pushes come, if AppSync loses none. */
  subscribed(): void {
    // One that comes to stand beside another that still does (renewal) interrupts nothing; it is checked all the same.
    if (!this.#isLive) {
      this.#era += 1;
      this.#isLive = true;
      if (this.#era > 1) {
        this.#healing.reconnect();
      }
    }
    this.error = null;
    this.#retryNow();
    this.check();
    this.#timer('settle', this.#options.timing.settle);
  }

  /** The subscription no longer stands. */
  interrupted(): void {
    this.#isLive = false;
    this.#timer('settle', null);
  }

  /** The subscription was refused; reads go on. */
  refused(error: StatusbeamError): void {
    this.#isLive = false;
    this.error = error;
  }

  push(wire: WireUpdate): void {
    if (wire.jobId !== this.log.jobId) {
      return;
    }
    const updates = readPush(wire);
    const [wasWhole, reached] = [this.log.isWhole, this.log.last];
    const { fresh, known, conflict } = this.log.take(updates);
    if (conflict) {
      this.#restart(null);
      return;
    }
    this.#healing.pushed(fresh, known);
    if (this.log.isWhole) {
      this.#timer('gap', null);
    } else if (wasWhole) {
      this.#timer('gap', this.#options.timing.gap);
    } else if (this.log.last > reached) {
      this.#timer('gap', this.#options.timing.gap);
    }
  }

  /** Ask for the position, unless that is on its way: then once more after it. */
  check(): void {
    if (this.#questions.isPositionAsked) {
      this.#checkAgain = true;
      return;
    }
    const ticket = this.#questions.askPosition({ era: this.#isLive ? this.#era : -1, last: this.log.last });
    this.#say({ type: 'position', ticket });
  }

  /** The client's slow beat. A job that has ended is looked at seldom: a failed one may be reopened. */
  beat(): void {
    this.#beats += 1;
    if (this.#isWaiting) {
      return; // what failed is asked again after its pause, and not before
    }
    const isDone = isOver(this.log.snapshot.head) && this.log.isWhole && this.#hasPosition && this.error === null;
    // Whoever is told that they may not see this should not go on asking; a new login may change it.
    if (!(isDone || this.error?.code === 'forbidden') || this.#beats % SELDOM === 0) {
      this.check();
    }
  }

  /** The page woke up. */
  woke(): void {
    this.#retryNow();
    this.check();
    this.#next();
  }

  timer(name: JoinTimer): void {
    if (name === 'settle') {
      this.check();
    } else {
      // While the first read is on its way, what lies before a push is no gap.
      if (name === 'gap' && this.#hasRead && !this.log.isWhole) {
        this.#healing.gap();
      }
      this.#isWaiting = false;
      this.#next();
    }
  }

  positioned(ticket: number, { sequence, epoch }: Pick<JobPosition, 'sequence' | 'epoch'>): void {
    const asked = this.#questions.positionAnswered(ticket);
    if (asked === null) {
      return;
    }
    this.#hasPosition = true;
    let isOnItsWay = false;
    this.error = null;
    if (sequence === 0 && asked.last > 0) {
      this.#cut = 'job_gone';
    } else if (this.#isAnother(epoch) || sequence < asked.last) {
      this.#restart(epoch);
      return;
    } else {
      this.#cut = this.#cut === 'job_gone' ? null : this.#cut;
      this.#epochIs(epoch);
      const wasWhole = this.log.isWhole;
      this.log.reaches(sequence);
      // What a live subscription has not brought yet may be on its way.
      isOnItsWay = wasWhole && !this.log.isWhole && this.#isLive && this.#confirmedEra === this.#era;
      if (asked.era === this.#era) {
        this.#confirmedEra = this.#era;
        this.#healing.joined(sequence);
      }
    }
    this.#afterPosition();
    if (isOnItsWay) {
      this.#timer('gap', this.#options.timing.gap);
    } else {
      this.#next();
    }
  }

  paged(ticket: number, page: StatusUpdatePage): void {
    const asked = this.#questions.readAnswered(ticket);
    if (asked === null) {
      return;
    }
    this.#succeeded();
    if (asked.kind === 'tail') {
      this.#tailWanted = false;
      if (page.recovered) {
        const first = this.log.first;
        this.log.prepend(page.updates.map(readUpdate).filter((update) => update !== null && update.sequence < first) as never);
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
    const asked = this.#questions.readAnswered(ticket);
    if (asked === null) {
      return;
    }
    const { sequence, epoch } = snapshot.head;
    this.#succeeded();
    if (sequence > 0 && this.#isAnother(epoch)) {
      this.#restart(epoch);
      return;
    }
    if (sequence > this.log.last) {
      this.#epochIs(epoch);
      this.log.goOnFrom(snapshot);
      this.#tailWanted = this.#options.tail > 0;
    }
    this.#continue(asked);
  }

  failed(ticket: number, error: StatusbeamError): void {
    const asked = this.#questions.readAnswered(ticket);
    if (this.#questions.positionAnswered(ticket) !== null) {
      this.#checkAgain = true;
    } else if (asked === null) {
      return;
    }
    if (asked?.kind === 'snapshot' && error.code === 'bad_request') {
      this.#noSnapshot = true;
      this.#next();
      return;
    }
    this.error = error;
    if (error.retriable) {
      this.#retryLater();
    }
  }

  stop(): void {
    for (const name of ['settle', 'gap', 'retry'] as const) {
      this.#timer(name, null);
    }
    this.#isLive = false;
    this.#questions.forget();
  }

  /** Ask for what is missing, one read at a time. */
  #next(): void {
    if (this.#isWaiting) {
      return;
    }
    if (this.#checkAgain && !this.#questions.isPositionAsked) {
      this.#afterPosition();
    }
    if (this.#questions.isReading) {
      return;
    }
    const { last, head } = this.log;
    if (this.#cut === 'job_gone') {
      return;
    }
    if (head - last > this.#options.longLog && !this.#noSnapshot) {
      this.#ask('snapshot');
    } else if (!this.#hasRead || last < head) {
      this.#ask('page', last, PAGE);
    } else if (this.#tailWanted) {
      const after = Math.max(0, this.log.first - 1 - this.#options.tail);
      if (after < this.log.first - 1) {
        this.#ask('tail', after, this.log.first - 1 - after);
      } else {
        this.#tailWanted = false;
      }
    }
  }

  #ask(kind: Read['kind'], after = 0, limit = PAGE): void {
    this.#timer('gap', null);
    const ticket = this.#questions.askRead({ kind, last: this.log.last, head: this.log.head });
    if (kind === 'snapshot') {
      this.#say({ type: 'snapshot', ticket });
    } else {
      this.#say({ type: 'page', ticket, after, limit: Math.min(limit, PAGE) });
    }
  }

  #succeeded(): void {
    this.#hasRead = true;
    this.#tries = 0;
    this.error = null;
  }

  /** Whether the page contradicts what is held. */
  #tookPage(page: StatusUpdatePage): boolean {
    const { last } = this.log;
    this.log.reaches(page.currentSequence);
    const updates = page.updates.map(readUpdate).filter((update) => update !== null);
    if (this.log.head - last > this.#options.longLog && last === 0 && !this.#noSnapshot) {
      return false; // too long to be read whole: the snapshot is asked for next
    }
    const { fresh, conflict } = this.log.take(updates);
    this.#healing.read(fresh);
    return conflict;
  }

  #unrecovered(page: StatusUpdatePage, asked: Read): void {
    if (page.reason === 'ahead_of_log') {
      if (page.currentSequence === 0) {
        this.#cut = 'job_gone';
      } else if (this.log.last === asked.last) {
        this.#restart(null);
      }
      return;
    }
    this.#cut = page.reason === 'gap_in_log' ? 'gap_in_log' : 'log_expired';
    this.log.reaches(page.currentSequence);
    if (!this.#noSnapshot) {
      this.#ask('snapshot');
    }
  }

  /** Read on if something is missing; when a read brought nothing new, not at once. */
  #continue(asked: Read): void {
    const isStuck = !this.log.isWhole && asked.kind !== 'tail' && this.log.last === asked.last && this.log.head === asked.head;
    if (isStuck && !this.#questions.isReading) {
      this.#retryLater();
      return;
    }
    this.#next();
  }

  #afterPosition(): void {
    if (this.#checkAgain) {
      this.#checkAgain = false;
      this.check();
    }
  }

  #retryLater(): void {
    const { timing, random } = this.#options;
    this.#isWaiting = true;
    this.#timer('retry', backoff(this.#tries, timing.retryFirst, timing.retryMost, random));
    this.#tries += 1;
  }

  #retryNow(): void {
    this.#tries = 0;
    this.#isWaiting = false;
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

  /** The job id belongs to another job now: forget what is held. */
  #restart(epoch: string | null): void {
    this.#epoch = epoch;
    this.log = new JobLog(this.log.jobId, epoch);
    this.#healing.restart();
    this.#cut = null;
    this.#questions.forget();
    this.#hasRead = false;
    this.#confirmedEra = -1;
    this.#tailWanted = false;
    this.#retryNow();
    this.check();
  }

  #timer(name: JoinTimer, delay: number | null): void {
    this.#say({ type: 'timer', name, delay });
  }

  #say(command: JoinCommand): void {
    this.#commands.push(command);
  }
}
