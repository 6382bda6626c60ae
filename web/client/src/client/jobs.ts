// The watched jobs. All watches of a job share one entry.

import type { StatusbeamError } from '../errors.ts';
import type { Timing } from '../timing.ts';
import type { Job } from '../types.ts';
import type { Environment } from './environment.ts';
import { checkedJobId } from './jobId.ts';
import type { Watch } from './store.ts';
import { type Connection, initialState, type JobState, type Reader, WatchedJob } from './watchedJob.ts';

export interface JobWatch extends Watch<JobState> {
  /** The job after the status `sequence`; null for one that the known part of the log lacks. */
  at(sequence: number): Job | null;
  /** Read the earlier part of the log as well. Throws StatusbeamError. */
  loadHistory(): Promise<void>;
  /** Check the position now. */
  check(): void;
}

/** An external store: React's useSyncExternalStore accepts both functions. */
export interface JobStore {
  /** Call the listener at each change. Returns a function that stops it. */
  subscribe(listener: () => void): () => void;
  /** The current state; the same object until it changes. */
  getSnapshot(): JobState;
}

export interface JobsOptions {
  readonly reader: Reader;
  readonly environment: Environment;
  readonly timing: Timing;
  readonly connection: () => Connection;
  /** The set of watched jobs has changed. */
  readonly changed: () => void;
  /** Called when the pushes of a job become delayed, or are no longer delayed. */
  readonly delayed: () => void;
}

/** How long a job without a watch stays live, because pages close a watch shortly before they open the next one. */
const KEPT_MS = 2_000;

interface Known {
  readonly watched: WatchedJob;
  watchers: number;
  keptTimer: unknown;
}

export class Jobs {
  #options: JobsOptions;
  #known = new Map<string, Known>();
  /** The states of jobs that are not watched, and of invalid ids. */
  #unwatched = new Map<unknown, JobState>();
  #isClosed = false;

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  get ids(): readonly string[] {
    return [...this.#known.keys()];
  }

  get(jobId: string): WatchedJob | undefined {
    return this.#known.get(jobId)?.watched;
  }

  all(): readonly WatchedJob[] {
    return [...this.#known.values()].map(({ watched }) => watched);
  }

  watch(given: unknown, listener?: (state: JobState) => void): JobWatch {
    let jobId: string;
    try {
      jobId = checkedJobId(given);
    } catch (error) {
      return this.#refused(given, error as StatusbeamError);
    }
    const watched = this.#watch(jobId);
    const ends: (() => void)[] = [];
    const subscribe = (called: (state: JobState) => void) => {
      const end = watched.store.subscribe(called);
      ends.push(end);
      return end;
    };
    if (listener !== undefined) {
      subscribe(listener);
    }
    let isOpen = true;
    return {
      getState: () => watched.store.get(),
      subscribe,
      at: (sequence) => watched.at(sequence),
      loadHistory: () => watched.loadHistory(),
      check: () => watched.do((join) => join.woke()),
      close: () => {
        for (const end of ends) {
          end();
        }
        if (isOpen) {
          isOpen = false;
          this.#unwatch(jobId);
        }
      },
    };
  }

  store(jobId: string | number): JobStore {
    return {
      subscribe: (listener) => {
        const watch = this.watch(jobId, listener);
        return () => watch.close();
      },
      getSnapshot: () => this.get(String(jobId))?.store.get() ?? this.#unwatchedState(jobId),
    };
  }

  /** The login has changed to another user: drop every job's log, and read the new user's. */
  forget(): void {
    this.#unwatched.clear();
    for (const watched of this.all()) {
      watched.forget();
    }
  }

  /** The state of a job that is not watched. */
  #unwatchedState(given: unknown): JobState {
    let state = this.#unwatched.get(given);
    if (state === undefined) {
      state = initialState(String(given), this.#options.connection());
      try {
        checkedJobId(given);
      } catch (error) {
        state = { ...state, verdict: 'behind', reason: 'invalid_id', error: error as StatusbeamError };
      }
      this.#unwatched.set(given, state);
    }
    return state;
  }

  #refused(given: unknown, error: StatusbeamError): JobWatch {
    return {
      getState: () => this.#unwatchedState(given),
      subscribe: () => () => undefined,
      at: () => null,
      loadHistory: () => Promise.reject(error),
      check: () => undefined,
      close: () => undefined,
    };
  }

  close(): void {
    this.#isClosed = true;
    for (const { watched, keptTimer } of this.#known.values()) {
      this.#options.environment.clearTimeout(keptTimer);
      watched.stop();
    }
  }

  #watch(jobId: string): WatchedJob {
    const known = this.#known.get(jobId) ?? this.#begin(jobId);
    this.#options.environment.clearTimeout(known.keptTimer);
    known.keptTimer = null;
    known.watchers += 1;
    return known.watched;
  }

  #begin(jobId: string): Known {
    const { reader, environment, timing, connection, changed, delayed } = this.#options;
    const watched = new WatchedJob(jobId, { reader, environment, timing, delayed }, connection());
    const known: Known = { watched, watchers: 0, keptTimer: null };
    this.#known.set(jobId, known);
    this.#unwatched.delete(jobId);
    if (this.#isClosed) {
      watched.stop();
    } else {
      watched.do((join) => join.begin());
      changed();
    }
    return known;
  }

  #unwatch(jobId: string): void {
    const known = this.#known.get(jobId);
    if (known === undefined) {
      return;
    }
    known.watchers -= 1;
    if (known.watchers === 0) {
      known.keptTimer = this.#options.environment.setTimeout(() => {
        this.#known.delete(jobId);
        known.watched.stop();
        this.#options.changed();
      }, KEPT_MS);
    }
  }
}
