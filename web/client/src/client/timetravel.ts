// The job after any status of its log. Snapshots along the way are cached, so that a slider stays quick.

import { apply } from '../fold/fold.ts';
import { jobView, type Snapshot } from '../fold/snapshot.ts';
import type { Job, StatusUpdate } from '../types.ts';

const EVERY = 128;

export class TimeTravel {
  #origin: Snapshot;
  #updates: readonly StatusUpdate[];
  #marks: Snapshot[];

  /** `origin` is the snapshot that `updates`, a row without a hole, go on from. */
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

  /** The job after the status `sequence`; null for one outside of the known log. */
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
