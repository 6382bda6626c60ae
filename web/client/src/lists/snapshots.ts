// Jobs with their agents. Each job is read once, then updated by pushes.

import type { Client } from '../client/client.ts';
import { apply } from '../fold/fold.ts';
import { isOver } from '../fold/liveness.ts';
import { jobView, type Snapshot, snapshotOf } from '../fold/snapshot.ts';
import { readPush } from '../join/update.ts';
import type { Job, RawStatusUpdate } from '../types.ts';

const MOST_JOBS = 100;

interface Read {
  readonly snapshot: Snapshot;
  readonly job: Job;
}

export class Snapshots {
  #client: Client;
  #changed: () => void;
  #read = new Map<string, Read>();
  /** Jobs to read, each with the pushes that arrived in the meantime. */
  #queue = new Map<string, RawStatusUpdate[]>();
  /** Jobs that could not be read. */
  #unread = new Set<string>();
  #jobs: readonly Job[] | null = null;
  #isReading = false;
  /** The number of resets. An answer from before the last reset is too late. */
  #generation = 0;

  constructor(client: Client, changed: () => void) {
    this.#client = client;
    this.#changed = changed;
  }

  /** The same list until one of them changes. */
  get jobs(): readonly Job[] {
    this.#jobs ??= [...this.#read.values()].map(({ job }) => job);
    return this.#jobs;
  }

  /** How many jobs could not be read. */
  get unread(): number {
    return this.#unread.size;
  }

  /**
   * Read the unknown ones of these jobs, up to 100 in total. A new job replaces only a job that is no longer named. Otherwise
   * more than 100 named jobs would replace each other repeatedly.
   */
  want(jobIds: readonly string[]): void {
    const unknown = jobIds.filter((jobId) => !this.#read.has(jobId) && !this.#queue.has(jobId));
    if (unknown.length === 0) {
      return;
    }
    const named = new Set(jobIds);
    const dropped = [...this.#read.keys()].filter((jobId) => !named.has(jobId));
    for (const jobId of unknown) {
      if (this.#read.size + this.#queue.size >= MOST_JOBS) {
        const oldest = dropped.shift();
        if (oldest === undefined) {
          break;
        }
        this.#read.delete(oldest);
      }
      this.#queue.set(jobId, []);
    }
    void this.#readAll();
  }

  /** Read the jobs that have not ended again, because pushes may have been lost, and those that could not be read. */
  again(): void {
    const open = [...this.#read].filter(([, { job }]) => !isOver(job)).map(([jobId]) => jobId);
    for (const jobId of [...open, ...this.#unread]) {
      this.#queue.set(jobId, this.#queue.get(jobId) ?? []);
    }
    void this.#readAll();
  }

  push(push: RawStatusUpdate): void {
    const waiting = this.#queue.get(push.jobId);
    if (waiting !== undefined) {
      waiting.push(push);
      return;
    }
    const known = this.#read.get(push.jobId);
    if (known === undefined) {
      return;
    }
    if (this.#apply(push.jobId, known.snapshot, push)) {
      this.#changed();
    } else {
      this.#queue.set(push.jobId, []);
      void this.#readAll();
    }
  }

  forget(): void {
    this.#generation += 1;
    this.#read.clear();
    this.#queue.clear();
    this.#unread.clear();
    this.#jobs = null;
  }

  /** Read one job after the other, because a tenant's page must leave capacity for its agents. */
  async #readAll(): Promise<void> {
    if (this.#isReading) {
      return;
    }
    this.#isReading = true;
    for (let [jobId] = this.#queue.keys(); jobId !== undefined; [jobId] = this.#queue.keys()) {
      const generation = this.#generation;
      try {
        const stored = await this.#client.getJob(jobId);
        if (generation === this.#generation) {
          this.#take(jobId, snapshotOf(stored));
        }
      } catch {
        if (generation === this.#generation) {
          this.#queue.delete(jobId);
          this.#unread.add(jobId);
          this.#changed();
        }
      }
    }
    this.#isReading = false;
  }

  #take(jobId: string, snapshot: Snapshot): void {
    const pushes = this.#queue.get(jobId) ?? [];
    this.#queue.delete(jobId);
    this.#unread.delete(jobId);
    this.#put(jobId, snapshot);
    for (const push of pushes) {
      this.push(push);
    }
    this.#changed();
  }

  /** False where statuses between the snapshot and the push are missing. */
  #apply(jobId: string, snapshot: Snapshot, push: RawStatusUpdate): boolean {
    const updates = readPush(push);
    if ((updates[0]?.sequence ?? 0) > snapshot.head.sequence + 1) {
      return false;
    }
    this.#put(jobId, apply(snapshot, updates));
    return true;
  }

  #put(jobId: string, snapshot: Snapshot): void {
    this.#read.set(jobId, { snapshot, job: jobView(snapshot, { now: this.#client.now() }) });
    this.#jobs = null;
  }
}
