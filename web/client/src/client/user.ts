// All jobs of the user: the list from the store, those that run followed live, new ones as soon as they speak.

import { readError, type StatusbeamError } from '../errors.ts';
import { compareText } from '../fold/numbers.ts';
import { isOver } from '../fold/snapshot.ts';
import type { Job, OverallStatus } from '../types.ts';
import type { Client, ClientListener } from './client.ts';
import type { Connection } from './followed.ts';
import type { JobWatch } from './jobs.ts';
import { kept, Store, type Watch } from './store.ts';

export interface UserWatchOptions {
  /** Jobs a page of the list has, 1 to 50. */
  readonly pageSize?: number;
  readonly overallStatus?: OverallStatus | null;
}

export interface UserState {
  /** The newest first. Those that run, and the first ones that ended, as `watchJob` has them. */
  readonly jobs: readonly Job[];
  readonly connection: Connection;
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  readonly error: StatusbeamError | null;
}

/** Running jobs that are followed at once: as many as one position check takes. */
const MOST_FOLLOWED = 25;
const BEATS_A_LIST = 6;

export class UserWatch implements Watch<UserState> {
  #client: Client;
  #options: Required<UserWatchOptions>;
  #store: Store<UserState>;
  #listed = new Map<string, Job>();
  #followed = new Map<string, JobWatch>();
  #nextToken: string | null = null;
  #isLoading = true;
  #error: StatusbeamError | null = null;
  #beats = 0;
  #wasLive = false;
  #isClosed = false;
  #unlisten: () => void;

  constructor(client: Client, { pageSize = 20, overallStatus = null }: UserWatchOptions) {
    this.#client = client;
    this.#options = { pageSize, overallStatus };
    const first: UserState = { jobs: [], connection: client.connection, isLoading: true, hasMore: false, error: null };
    this.#store = new Store(first, (before) => this.#state(before), client.environment);
    const listener: ClientListener = {
      wants: 'user',
      push: (update) => this.#heard(update.jobId),
      connected: () => this.#connected(),
      woke: () => void this.refresh(),
      beat: () => this.#beat(),
      refused: (error) => this.#failed(error),
    };
    this.#unlisten = client.listen(listener);
    void this.refresh();
  }

  getState(): UserState {
    return this.#store.get();
  }

  subscribe(listener: (state: UserState) => void): () => void {
    return this.#store.subscribe(listener);
  }

  /** Read the newest page of the list again. */
  async refresh(): Promise<void> {
    await this.#load(null);
  }

  /** Read one more page of the list. */
  async loadMore(): Promise<void> {
    if (this.#nextToken !== null) {
      await this.#load(this.#nextToken);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#unlisten();
    for (const watch of this.#followed.values()) {
      watch.close();
    }
    this.#followed.clear();
  }

  async #load(nextToken: string | null): Promise<void> {
    if (this.#isClosed || this.#client.connection === 'closed') {
      return;
    }
    const { pageSize, overallStatus } = this.#options;
    this.#isLoading = true;
    this.#store.touch();
    try {
      const page = await this.#client.listJobs({ limit: pageSize, nextToken, overallStatus });
      const isFirst = this.#listed.size <= pageSize || nextToken !== null;
      for (const job of page.jobs) {
        this.#listed.set(job.jobId, job);
      }
      if (isFirst) {
        this.#nextToken = page.nextToken;
      }
      this.#error = null;
    } catch (error) {
      this.#error = readError(error, this.#client.environment.report);
    } finally {
      this.#isLoading = false;
    }
    if (!this.#isClosed) {
      this.#followRunning();
      this.#store.touch();
    }
  }

  #followRunning(): void {
    for (const job of [...this.#listed.values()].sort(newestFirst)) {
      if (!isOver(job)) {
        this.#follow(job.jobId);
      }
    }
  }

  #follow(jobId: string): void {
    if (this.#isClosed || this.#followed.has(jobId)) {
      return;
    }
    if (this.#followed.size >= MOST_FOLLOWED) {
      this.#letGo();
    }
    if (this.#followed.size < MOST_FOLLOWED) {
      this.#followed.set(
        jobId,
        this.#client.watchJob(jobId, () => this.#store.touch())
      );
    }
  }

  /** Make room: jobs that have ended and are whole need not be followed. */
  #letGo(): void {
    for (const [jobId, watch] of this.#followed) {
      const { job, verdict } = watch.getState();
      if (isOver(job) && (verdict === 'whole' || verdict === 'cut')) {
        this.#listed.set(jobId, job);
        this.#followed.delete(jobId);
        watch.close();
      }
    }
  }

  #heard(jobId: string): void {
    if (!this.#followed.has(jobId)) {
      this.#follow(jobId);
      this.#store.touch();
    }
  }

  #connected(): void {
    const isLive = this.#client.connection === 'live';
    if (isLive && !this.#wasLive) {
      void this.refresh();
    }
    this.#wasLive = isLive;
    this.#store.touch();
  }

  #beat(): void {
    this.#beats += 1;
    if (this.#beats % BEATS_A_LIST === 0) {
      void this.refresh();
    }
  }

  #failed(error: StatusbeamError): void {
    this.#error = error;
    this.#store.touch();
  }

  #state(before: UserState): UserState {
    const known = new Map(this.#listed);
    for (const [jobId, watch] of this.#followed) {
      const { job } = watch.getState();
      if (job.sequence > 0) {
        known.set(jobId, job);
      }
    }
    const { overallStatus } = this.#options;
    const jobs = [...known.values()]
      .filter((job) => overallStatus === null || job.overallStatus === overallStatus)
      .sort(newestFirst);
    const isSame = jobs.length === before.jobs.length && jobs.every((job, index) => job === before.jobs[index]);
    return kept(before, {
      jobs: isSame ? before.jobs : jobs,
      connection: this.#client.connection,
      isLoading: this.#isLoading,
      hasMore: this.#nextToken !== null,
      error: this.#error,
    });
  }
}

function newestFirst(one: Job, other: Job): number {
  return compareText(other.createdAt ?? '9', one.createdAt ?? '9') || compareText(one.jobId, other.jobId);
}
