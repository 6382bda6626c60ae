// The session tells the publisher that this client is subscribed. Position checks open and extend it; without them, a timer
// extends it. The client closes it at the end of the page.

import { StatusbeamError } from '../errors.ts';
import type { Timing } from '../timing.ts';
import type { JobPosition } from '../types.ts';
import { type Environment, newId } from './environment.ts';

export interface SessionInput {
  readonly connectionId: string;
  readonly action: 'open' | 'extend' | 'close';
  readonly jobIds: readonly string[];
}

/** syncSession. `isLast`: the request must outlive the page, which is closing. Throws StatusbeamError. */
export type SyncSession = (input: SessionInput, isLast: boolean) => Promise<readonly JobPosition[]>;

export class Session {
  readonly connectionId: string;
  #sync: SyncSession;
  #environment: Environment;
  #timing: Timing;
  /** 0 while it is not open. */
  #extendedAt = 0;
  #timer: unknown = null;
  #isOver = false;

  constructor(sync: SyncSession, environment: Environment, timing: Timing) {
    this.#sync = sync;
    this.#environment = environment;
    this.#timing = timing;
    this.connectionId = newId(environment.random);
  }

  /** Extend the session, and read the positions of these jobs (25 at most). Throws StatusbeamError. */
  async positions(jobIds: readonly string[]): Promise<readonly JobPosition[]> {
    if (this.#isOver) {
      throw new StatusbeamError('closed', 'The client was closed.');
    }
    const action = this.#extendedAt === 0 ? 'open' : 'extend';
    this.#extendedAt = this.#environment.now();
    return this.#sync({ connectionId: this.connectionId, action, jobIds }, false);
  }

  extend(): void {
    this.positions([]).catch(() => {
      this.#extendedAt = 0;
    });
  }

  /** Close the session, because further pushes would cost money without a receiver. */
  close(): void {
    if (this.#extendedAt > 0) {
      this.#extendedAt = 0;
      this.#sync({ connectionId: this.connectionId, action: 'close', jobIds: [] }, true).catch(() => undefined);
    }
  }

  /** Check regularly whether the session must be extended, or is no longer needed. */
  keep(isNeeded: () => boolean): void {
    const { session } = this.#timing;
    const left = Math.max(1_000, this.#extendedAt + session - this.#environment.now());
    this.#timer = this.#environment.setTimeout(() => {
      if (!isNeeded()) {
        this.close();
      } else if (this.#environment.now() - this.#extendedAt >= session) {
        this.extend();
      }
      this.keep(isNeeded);
    }, left);
  }

  stop(): void {
    this.#isOver = true;
    this.#environment.clearTimeout(this.#timer);
  }
}
