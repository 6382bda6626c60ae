// The jobs of a list: as read from the API, updated by later pushes.

import { apply } from '../fold/fold.ts';
import { emptySnapshot, jobView, type Snapshot, snapshotOf } from '../fold/snapshot.ts';
import { readPush } from '../join/update.ts';
import type { Job, RawStatusUpdate, StoredJob } from '../types.ts';

interface Listed {
  readonly job: StoredJob;
  /** The snapshot for pushes; null until the first one. */
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

  /** Add read jobs. A job that pushes have made newer stays. */
  read(jobs: readonly StoredJob[]): void {
    for (const job of jobs) {
      const known = this.#listed.get(job.jobId)?.job;
      if (known === undefined || known.epoch !== job.epoch || known.sequence <= job.sequence) {
        this.#listed.set(job.jobId, { job, snapshot: null });
      }
    }
  }

  /** Apply a push. False if an earlier status is unknown, so that the list must be read again. */
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
  // a job that was watched until its end has no stored fold
  return listed.job.fold == null ? null : snapshotOf({ ...listed.job, result: JSON.stringify(listed.job.result) });
}
