// The known part of one job's log, and the snapshot that it folds to. Pure: no network, no clock.
//
//     1 … base │ first … last │ (gap) │ ahead            `updates` is first … last, without a hole
//              └ origin        └ snapshot                apply(origin, updates after it) equals the snapshot

import { apply } from '../fold/fold.ts';
import { emptySnapshot, type Snapshot } from '../fold/snapshot.ts';
import type { StatusUpdate, StatusUpdatePage } from '../types.ts';
import { readUpdate } from './update.ts';

/** The most statuses that one page of the log has. */
export const PAGE = 100;

export interface PageRead {
  readonly after: number;
  readonly limit: number;
}

export interface AddedStatuses {
  /** Statuses that were not known before, in order. */
  readonly fresh: readonly StatusUpdate[];
  readonly known: readonly StatusUpdate[];
  /** Whether a status contradicts the known log, because the job id was used again. */
  readonly conflict: boolean;
}

export class JobLog {
  readonly jobId: string;
  #updates: readonly StatusUpdate[] = [];
  #ahead = new Map<number, StatusUpdate>();
  #origin: Snapshot;
  #snapshot: Snapshot;
  #head = 0;
  /** Statuses up to here have expired from the log. */
  #goneThrough = 0;

  constructor(jobId: string, epoch: string | null = null) {
    this.jobId = jobId;
    this.#origin = emptySnapshot(jobId, epoch);
    this.#snapshot = this.#origin;
  }

  /** The known part of the log, in order and without a gap. */
  get updates(): readonly StatusUpdate[] {
    return this.#updates;
  }

  /** The fold of the log up to `last`. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** The snapshot before `updates`: with them, the job after any of them can be folded. */
  get origin(): Snapshot {
    return this.#origin;
  }

  /** The first sequence of `updates`, or of those to come. */
  get first(): number {
    return this.#updates[0]?.sequence ?? this.last + 1;
  }

  /** The sequence of the snapshot. */
  get last(): number {
    return this.#snapshot.head.sequence;
  }

  /** The highest sequence known to exist. */
  get head(): number {
    return this.#head;
  }

  /** Whether no known status is missing. */
  get isWhole(): boolean {
    return this.last >= this.#head;
  }

  has(sequence: number): boolean {
    return sequence <= this.last || this.#ahead.has(sequence);
  }

  /** Record that the log reaches at least `sequence`. */
  reaches(sequence: number): void {
    this.#head = Math.max(this.#head, sequence);
  }

  take(updates: readonly StatusUpdate[]): AddedStatuses {
    const fresh: StatusUpdate[] = [];
    const known: StatusUpdate[] = [];
    for (const update of updates) {
      const held = this.#held(update.sequence);
      if (held !== undefined && held.eventId !== update.eventId) {
        return { fresh: [], known: [], conflict: true };
      }
      if (this.has(update.sequence)) {
        known.push(update);
      } else {
        this.#ahead.set(update.sequence, update);
        this.reaches(update.sequence);
        fresh.push(update);
      }
    }
    this.#advance();
    return { fresh, known, conflict: false };
  }

  /** Continue from a snapshot after the end of this log. The statuses in between are then missing. */
  goOnFrom(snapshot: Snapshot): void {
    this.#updates = [];
    this.#origin = snapshot;
    this.#snapshot = snapshot;
    this.reaches(snapshot.head.sequence);
    for (const sequence of [...this.#ahead.keys()].filter((each) => each <= this.last)) {
      this.#ahead.delete(sequence);
    }
    this.#advance();
  }

  /** The next reads of statuses before `first` and after `from`, the nearest first. None: all are here. */
  readsBefore(from: number, atOnce: number): PageRead[] {
    const low = Math.max(this.#goneThrough, from);
    const reads: PageRead[] = [];
    for (let end = this.first - 1; end > low && reads.length < atOnce; ) {
      const after = Math.max(low, end - PAGE);
      reads.push({ after, limit: end - after });
      end = after;
    }
    return reads;
  }

  /** Add the answer to one of `readsBefore`. The snapshot stays unchanged. Returns whether it had new statuses. */
  takeBefore(page: StatusUpdatePage): boolean {
    if (!page.recovered) {
      return this.recordExpired(page);
    }
    const { first } = this;
    this.#prepend(page.updates.map(readUpdate).filter((update) => update !== null && update.sequence < first) as StatusUpdate[]);
    return this.first < first;
  }

  /** Record that the log now begins with `firstSequence`; null: it is empty. Returns whether this is new. */
  recordExpired({ firstSequence, currentSequence, reason }: StatusUpdatePage): boolean {
    const through = (firstSequence ?? currentSequence + 1) - 1;
    const isNew = reason !== 'ahead_of_log' && through > this.#goneThrough;
    if (isNew) {
      this.#goneThrough = through;
    }
    return isNew;
  }

  /** The store's mark of this use of the job id. */
  named(epoch: string | null): void {
    const { head, agents } = this.#snapshot;
    if (head.epoch !== epoch) {
      this.#snapshot = { head: { ...head, epoch }, agents };
    }
  }

  #prepend(updates: readonly StatusUpdate[]): void {
    if (updates.at(-1)?.sequence === this.first - 1 && isRow(updates)) {
      this.#updates = [...updates, ...this.#updates];
      if (this.first === 1) {
        this.#origin = emptySnapshot(this.jobId, this.#origin.head.epoch);
      }
    }
  }

  #held(sequence: number): StatusUpdate | undefined {
    return this.#ahead.get(sequence) ?? this.#updates[sequence - this.first];
  }

  #advance(): void {
    const row: StatusUpdate[] = [];
    for (let next = this.last + 1; ; next += 1) {
      const update = this.#ahead.get(next);
      if (update === undefined) {
        break;
      }
      this.#ahead.delete(next);
      row.push(update);
    }
    if (row.length > 0) {
      this.#updates = [...this.#updates, ...row];
      this.#snapshot = apply(this.#snapshot, row);
    }
  }
}

/** Whether each follows the one before. */
function isRow(updates: readonly StatusUpdate[]): boolean {
  return updates.every((update, index) => index === 0 || update.sequence === (updates[index - 1] as StatusUpdate).sequence + 1);
}
