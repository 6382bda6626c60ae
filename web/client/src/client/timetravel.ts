// Folds the job after any status of its log. It caches snapshots on the way, so that a slider stays fast.

import { apply } from '../fold/fold.ts';
import { jobView, type Snapshot } from '../fold/snapshot.ts';
import type { Job, StatusUpdate } from '../types.ts';

const EVERY = 128;

export class TimeTravel {
  #origin: Snapshot;
  #updates: readonly StatusUpdate[];
  #marks: Snapshot[];

  /** `origin` is the snapshot before `updates`, which have no gap. */
  constructor(origin: Snapshot, updates: readonly StatusUpdate[]) {
    this.#origin = origin;
    this.#updates = updates.filter(({ sequence }) => sequence > origin.head.sequence);
    this.#marks = [origin];
  }

  /** The first sequence that can be shown. */
  get first(): number {
    return this.#origin.head.sequence;
  }

  get last(): number {
    return this.#updates.at(-1)?.sequence ?? this.first;
  }

  /** The job after the status `sequence`; null outside the known log. */
  at(sequence: number): Job | null {
    if (sequence < this.first || sequence > this.last) {
      return null;
    }
    const count = sequence - this.first;
    const mark = Math.floor(count / EVERY);
    for (let next = this.#marks.length; next <= mark; next += 1) {
      const before = this.#marks[next - 1] as Snapshot;
      this.#marks.push(apply(before, this.#updates.slice((next - 1) * EVERY, next * EVERY)));
    }
    return jobView(apply(this.#marks[mark] as Snapshot, this.#updates.slice(mark * EVERY, count)));
  }
}
