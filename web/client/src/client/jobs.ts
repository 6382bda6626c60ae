// The jobs that are followed, each once, for however many watch it.

import type { Timing } from '../timing.ts';
import type { Job } from '../types.ts';
import type { Environment } from './environment.ts';
import { type Connection, FollowedJob, initialState, type JobState, type Reader } from './followed.ts';
import type { Watch } from './store.ts';

export interface JobWatch extends Watch<JobState> {
  /** The job when its log had come to `sequence`; null where the known part of the log does not tell. */
  at(sequence: number): Job | null;
  /** Read the earlier part of the log as well. Throws StatusbeamError. */
  loadHistory(): Promise<void>;
  /** Look now whether something was missed. */
  check(): void;
}

export interface JobsOptions {
  readonly reader: Reader;
  readonly environment: Environment;
  readonly timing: Timing;
  readonly connection: () => Connection;
  /** Another job is followed, or one no longer. */
  readonly changed: () => void;
}

/** How long a job is still followed when nobody watches it any more: pages come and go. */
const LINGER_MS = 2_000;

interface Known {
  readonly followed: FollowedJob;
  watchers: number;
  lingering: unknown;
}

export class Jobs {
  #options: JobsOptions;
  #known = new Map<string, Known>();
  #waiting = new Map<string, JobState>();
  #isClosed = false;

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  get ids(): readonly string[] {
    return [...this.#known.keys()];
  }

  get(jobId: string): FollowedJob | undefined {
    return this.#known.get(jobId)?.followed;
  }

  all(): readonly FollowedJob[] {
    return [...this.#known.values()].map(({ followed }) => followed);
  }

  watch(jobId: string, listener?: (state: JobState) => void): JobWatch {
    const followed = this.#follow(jobId);
    const ends: (() => void)[] = [];
    const subscribe = (told: (state: JobState) => void) => {
      const end = followed.store.subscribe(told);
      ends.push(end);
      return end;
    };
    if (listener !== undefined) {
      subscribe(listener);
    }
    let isOpen = true;
    return {
      getState: () => followed.store.get(),
      subscribe,
      at: (sequence) => followed.at(sequence),
      loadHistory: () => followed.loadHistory(),
      check: () => followed.do((join) => join.woke()),
      close: () => {
        for (const end of ends) {
          end();
        }
        if (isOpen) {
          isOpen = false;
          this.#unfollow(jobId);
        }
      },
    };
  }

  /** The state of a job, watched or not; the same object until it changes. */
  peek(jobId: string): JobState {
    const known = this.#known.get(jobId)?.followed.store.get() ?? this.#waiting.get(jobId);
    if (known !== undefined) {
      return known;
    }
    const state = initialState(jobId, this.#options.connection());
    this.#waiting.set(jobId, state);
    return state;
  }

  close(): void {
    this.#isClosed = true;
    for (const { followed, lingering } of this.#known.values()) {
      this.#options.environment.clearTimeout(lingering);
      followed.stop();
    }
  }

  #follow(jobId: string): FollowedJob {
    const known = this.#known.get(jobId) ?? this.#begin(jobId);
    this.#options.environment.clearTimeout(known.lingering);
    known.lingering = null;
    known.watchers += 1;
    return known.followed;
  }

  #begin(jobId: string): Known {
    const { reader, environment, timing, connection, changed } = this.#options;
    const followed = new FollowedJob(jobId, reader, environment, timing, connection());
    const known: Known = { followed, watchers: 0, lingering: null };
    this.#known.set(jobId, known);
    this.#waiting.delete(jobId);
    if (this.#isClosed) {
      followed.stop();
    } else {
      followed.do((join) => join.begin());
      changed();
    }
    return known;
  }

  #unfollow(jobId: string): void {
    const known = this.#known.get(jobId);
    if (known === undefined) {
      return;
    }
    known.watchers -= 1;
    if (known.watchers === 0) {
      known.lingering = this.#options.environment.setTimeout(() => {
        this.#known.delete(jobId);
        known.followed.stop();
        this.#options.changed();
      }, LINGER_MS);
    }
  }
}
