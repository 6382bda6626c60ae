// The jobs of a list: as the store gave them, and moved on by the pushes that came since.

import { apply } from '../fold/fold.ts';
import { emptySnapshot, jobView, type Snapshot, snapshotOf } from '../fold/snapshot.ts';
import { readPush } from '../join/update.ts';
import type { Job, RawStatusUpdate } from '../types.ts';

interface Listed {
  readonly job: Job;
  /** What a push is applied to; null until the first one. */
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
  read(jobs: readonly Job[]): void {
    for (const job of jobs) {
      const known = this.#listed.get(job.jobId)?.job;
      if (known === undefined || known.epoch !== job.epoch || known.sequence <= job.sequence) {
        this.#listed.set(job.jobId, { job, snapshot: null });
      }
    }
  }

  /** Apply a push. False for a job that is not listed and did not begin with this push: the list must be read again. */
  push(push: RawStatusUpdate, now: number): boolean {
    const updates = readPush(push);
    const known = this.#listed.get(push.jobId);
    if (known === undefined && updates[0]?.sequence !== 1) {
      return false;
    }
    const before = known === undefined ? emptySnapshot(push.jobId) : (known.snapshot ?? snapshotOf(known.job));
    const snapshot = apply(before, updates);
    this.#listed.set(push.jobId, {
      job: jobView(snapshot, { now, expiresAt: known?.job.expiresAt ?? null }),
      snapshot,
    });
    return true;
  }
}
