// The jobs of a list: as the store gave them, and moved on by the pushes that came since.

import { apply } from '../fold/fold.ts';
import { emptySnapshot, jobView, type Snapshot, snapshotOf } from '../fold/snapshot.ts';
import { readPush } from '../join/update.ts';
import type { Job, RawStatusUpdate, StoredJob } from '../types.ts';

interface Listed {
  readonly job: StoredJob;
  /** The state that a push is applied to; null until the first one. */
  readonly snapshot: Snapshot | null;
}

export class ListedJobs {
  #listed = new Map<string, Listed>();

  get size(): number {
    return this.#listed.size;
  }

  jobs(): readonly Job[] {
    return [...this.#listed.values()].map(({ job }) => job);
  }

  /** Take jobs as they were read; one that pushes have brought further stays. */
  read(jobs: readonly StoredJob[]): void {
    for (const job of jobs) {
      const known = this.#listed.get(job.jobId)?.job;
      if (known === undefined || known.epoch !== job.epoch || known.sequence <= job.sequence) {
        this.#listed.set(job.jobId, { job, snapshot: null });
      }
    }
  }

  /** Apply a push. False where what came before it is not known: the list must be read again. */
  push(push: RawStatusUpdate, now: number): boolean {
    const updates = readPush(push);
    const known = this.#listed.get(push.jobId);
    const before = known === undefined && updates[0]?.sequence === 1 ? emptySnapshot(push.jobId) : snapshotIn(known);
    if (before === null) {
      return false;
    }
    const snapshot = apply(before, updates);
    this.#listed.set(push.jobId, {
      job: jobView(snapshot, { now, expiresAt: known?.job.expiresAt ?? null }),
      snapshot,
    });
    return true;
  }
}

function snapshotIn(listed: Listed | undefined): Snapshot | null {
  if (listed === undefined || listed.snapshot !== null) {
    return listed?.snapshot ?? null;
  }
  // A job that was watched until its end has no fold to go on from.
  return listed.job.fold == null ? null : snapshotOf({ ...listed.job, result: JSON.stringify(listed.job.result) });
}
