// All jobs of the user: the list from the API, with running jobs live, and new jobs from their first push on.

import type { Client, ClientListener } from '../client/client.ts';
import type { JobWatch } from '../client/jobs.ts';
import { Store, unchanged, type Watch } from '../client/store.ts';
import type { Connection } from '../client/watchedJob.ts';
import { readError, type StatusbeamError } from '../errors.ts';
import { isOver } from '../fold/liveness.ts';
import { compareText } from '../fold/numbers.ts';
import type { Job, RawStatusUpdate } from '../types.ts';
import { ListedJobs } from './listedJobs.ts';
import { fullPage, type JobFilters, listJobs, passes } from './read.ts';

export interface UserWatchOptions extends JobFilters {
  /** Jobs a page of the list has, 1 to 50. */
  readonly pageSize?: number;
}

export interface UserState {
  /** The newest first. The running jobs are as `watchJob` has them. */
  readonly jobs: readonly Job[];
  readonly connection: Connection;
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  readonly error: StatusbeamError | null;
}

/** The most running jobs that are watched at once, which is the size of a position check. */
const MOST_WATCHED = 25;
const POLLS_PER_REFRESH = 24;

/** Watch all jobs of the user, the newest first; the running ones are live. */
export function watchUser(client: Client, options: UserWatchOptions = {}): UserWatch {
  return new UserWatch(client, options);
}

export class UserWatch implements Watch<UserState> {
  #client: Client;
  #pageSize: number;
  #filters: JobFilters;
  #store: Store<UserState>;
  #listed = new ListedJobs();
  #watches = new Map<string, JobWatch>();
  #nextToken: string | null = null;
  #isLoading = true;
  #error: StatusbeamError | null = null;
  #polls = 0;
  #wasLive = false;
  #isClosed = false;
  /** Jobs for which the list was read again. */
  #sought = new Set<string>();
  /** The number of changes of the login's user. An answer for another user is too late. */
  #logins = 0;
  #unlisten: () => void;

  constructor(client: Client, { pageSize = 20, ...filters }: UserWatchOptions) {
    this.#client = client;
    this.#pageSize = pageSize;
    this.#filters = filters;
    const first: UserState = { jobs: [], connection: client.connection, isLoading: true, hasMore: false, error: null };
    this.#store = new Store(first, (before) => this.#state(before), client.environment);
    const listener: ClientListener = {
      wants: 'user',
      push: (update) => this.#received(update),
      connected: () => this.#connected(),
      forget: () => this.#forget(),
      woke: () => void this.refresh(),
      poll: () => this.#poll(),
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
    this.#closeWatches();
  }

  #closeWatches(): void {
    for (const watch of this.#watches.values()) {
      watch.close();
    }
    this.#watches.clear();
  }

  #forget(): void {
    this.#logins += 1;
    this.#closeWatches();
    this.#listed = new ListedJobs();
    this.#sought.clear();
    this.#nextToken = null;
    this.#error = null;
    void this.refresh();
  }

  async #load(nextToken: string | null): Promise<void> {
    if (this.#isClosed || this.#client.connection === 'closed') {
      return;
    }
    const pageSize = this.#pageSize;
    const logins = this.#logins;
    this.#isLoading = true;
    this.#store.changed();
    try {
      const page = await fullPage(listJobs, this.#client, { ...this.#filters, limit: pageSize, nextToken });
      if (logins !== this.#logins) {
        return;
      }
      const isFirst = this.#listed.size <= pageSize || nextToken !== null;
      this.#listed.read(page.jobs);
      if (isFirst) {
        this.#nextToken = page.nextToken;
      }
      this.#error = null;
    } catch (error) {
      if (logins !== this.#logins) {
        return;
      }
      this.#error = readError(error, this.#client.environment.report);
    }
    this.#isLoading = false;
    if (!this.#isClosed) {
      this.#watchRunning();
      this.#store.changed();
    }
  }

  #watchRunning(): void {
    for (const job of [...this.#listed.jobs()].sort(newestFirst)) {
      if (!isOver(job)) {
        this.#watch(job.jobId);
      }
    }
  }

  #watch(jobId: string): void {
    if (this.#isClosed || this.#watches.has(jobId)) {
      return;
    }
    if (this.#watches.size >= MOST_WATCHED) {
      this.#closeEnded();
    }
    if (this.#watches.size < MOST_WATCHED) {
      this.#watches.set(
        jobId,
        this.#client.watchJob(jobId, () => this.#store.changed())
      );
    }
  }

  /** Close the watches of jobs that have ended and are complete. */
  #closeEnded(): void {
    for (const [jobId, watch] of this.#watches) {
      const { job, verdict } = watch.getState();
      if (isOver(job) && (verdict === 'whole' || verdict === 'cut')) {
        this.#listed.read([job]);
        this.#watches.delete(jobId);
        watch.close();
      }
    }
  }

  /** A push changes the listed job, whether it is watched or not. */
  #received(update: RawStatusUpdate): void {
    if (this.#watches.has(update.jobId)) {
      return;
    }
    this.#watch(update.jobId);
    if (!this.#listed.push(update, this.#client.now()) && !this.#sought.has(update.jobId)) {
      this.#sought.add(update.jobId);
      void this.refresh();
    }
    this.#store.changed();
  }

  #connected(): void {
    const isLive = this.#client.connection === 'live';
    if (isLive && !this.#wasLive) {
      void this.refresh();
    }
    this.#wasLive = isLive;
    this.#store.changed();
  }

  #poll(): void {
    this.#polls += 1;
    if (this.#polls % POLLS_PER_REFRESH === 0) {
      void this.refresh();
    }
  }

  #failed(error: StatusbeamError): void {
    this.#error = error;
    this.#store.changed();
  }

  #state(before: UserState): UserState {
    const known = new Map(this.#listed.jobs().map((job) => [job.jobId, job]));
    for (const [jobId, watch] of this.#watches) {
      const { job } = watch.getState();
      if (job.sequence > 0) {
        known.set(jobId, job);
      }
    }
    const jobs = [...known.values()].filter((job) => passes(job, this.#filters)).sort(newestFirst);
    const isSame = jobs.length === before.jobs.length && jobs.every((job, index) => job === before.jobs[index]);
    return unchanged(before, {
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
