// Position checks of many jobs in one syncSession, which also extends the session.

import { StatusbeamError } from '../errors.ts';
import type { JobPosition } from '../types.ts';

/** The most jobs in one syncSession. */
const MOST_JOBS = 25;

/** Reads positions. Without jobs, it only extends the session. */
export type Sync = (jobIds: readonly string[]) => Promise<readonly JobPosition[]>;

interface Waiting {
  readonly resolve: (position: JobPosition) => void;
  readonly reject: (error: unknown) => void;
}

export class Positions {
  #sync: Sync;
  #defer: (action: () => void) => void;
  #waiting = new Map<string, Waiting[]>();

  constructor(sync: Sync, defer: (action: () => void) => void) {
    this.#sync = sync;
    this.#defer = defer;
  }

  /** Throws StatusbeamError. */
  of(jobId: string): Promise<JobPosition> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) {
        this.#defer(() => this.#flush());
      }
      this.#waiting.set(jobId, [...(this.#waiting.get(jobId) ?? []), { resolve, reject }]);
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    const jobIds = [...waiting.keys()];
    for (let start = 0; start < jobIds.length; start += MOST_JOBS) {
      void this.#ask(jobIds.slice(start, start + MOST_JOBS), waiting);
    }
  }

  async #ask(jobIds: readonly string[], waiting: ReadonlyMap<string, Waiting[]>): Promise<void> {
    try {
      const positions = new Map((await this.#sync(jobIds)).map((position) => [position.jobId, position]));
      for (const jobId of jobIds) {
        const position = positions.get(jobId);
        for (const { resolve, reject } of waiting.get(jobId) ?? []) {
          if (position === undefined) {
            reject(new StatusbeamError('unavailable', 'The answer lacks a position.'));
          } else {
            resolve(position);
          }
        }
      }
    } catch (error) {
      if (jobIds.length > 1 && error instanceof StatusbeamError && error.code === 'bad_request') {
        // One job causes the error, so read the others separately.
        await Promise.all(jobIds.map((jobId) => this.#ask([jobId], waiting)));
        return;
      }
      for (const { reject } of jobIds.flatMap((jobId) => waiting.get(jobId) ?? [])) {
        reject(error);
      }
    }
  }
}
