// The parts of one login: its session, its pushes and its subscriptions. A token of another user begins a new login.

import type { StatusbeamError } from '../errors.ts';
import type { RealtimeState } from '../realtime/commands.ts';
import type { Timing } from '../timing.ts';
import type { Credentials } from './credentials.ts';
import type { Environment } from './environment.ts';
import type { SubscriptionKey } from './keys.ts';
import type { OpenPushes, Pushes } from './pushes.ts';
import { Session, type SyncSession } from './session.ts';
import { Subscriptions } from './subscriptions.ts';

export interface LoginOptions {
  readonly graphqlUrl: string;
  readonly realtimeUrl: string;
  readonly timing: Timing;
  readonly credentials: Credentials;
  readonly environment: Environment;
  readonly openPushes: OpenPushes;
  readonly sync: SyncSession;
  readonly covered: (jobId: string, isCovered: boolean) => void;
  readonly refused: (key: SubscriptionKey, error: StatusbeamError) => void;
  readonly data: (key: SubscriptionKey, data: Readonly<Record<string, unknown>>) => void;
  readonly state: (state: RealtimeState, error: StatusbeamError | null) => void;
}

export class Login {
  readonly session: Session;
  readonly pushes: Pushes;
  readonly subscriptions: Subscriptions;
  #isOver = false;

  constructor({ openPushes, sync, covered, refused, data, state, ...options }: LoginOptions) {
    this.session = new Session(sync, options.environment, options.timing);
    this.pushes = openPushes({
      ...options,
      listener: {
        started: (key) => this.#isOver || this.subscriptions.started(key),
        interrupted: (key) => this.#isOver || this.subscriptions.interrupted(key),
        refused: (key, error) => {
          if (!this.#isOver) {
            this.subscriptions.refused(key, error);
            refused(key, error);
          }
        },
        data: (key, received) => this.#isOver || data(key, received),
        state: (next, error) => this.#isOver || state(next, error),
      },
    });
    this.subscriptions = new Subscriptions({
      pushes: this.pushes,
      credentials: options.credentials,
      connectionId: () => this.session.connectionId,
      covered: (jobId, isCovered) => this.#isOver || covered(jobId, isCovered),
      failed: (error) => this.#isOver || state('reconnecting', error),
    });
  }

  /** Stop all reports. */
  leave(): void {
    this.#isOver = true;
    this.session.stop();
    this.pushes.close();
  }
}
