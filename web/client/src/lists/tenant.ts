// All jobs of a tenant, for operators: each job that reports, by its pushes alone.

import type { Client } from '../client/client.ts';
import { Store, unchanged, type Watch } from '../client/store.ts';
import type { Connection } from '../client/watchedJob.ts';
import type { StatusbeamError } from '../errors.ts';
import { isOver } from '../fold/liveness.ts';
import { readPush } from '../join/update.ts';
import type { OverallStatus, StatusUpdate } from '../types.ts';

/** A job of any user of the tenant, by its pushes since the watch began. */
export interface TenantJob {
  readonly jobId: string;
  readonly userId: string;
  readonly overallStatus: OverallStatus;
  /** The newest status. */
  readonly last: StatusUpdate;
  readonly sequence: number;
}

export interface TenantState {
  /** The one with the newest status first. */
  readonly jobs: readonly TenantJob[];
  /** The newest statuses of all of them, the newest first. */
  readonly recent: readonly StatusUpdate[];
  readonly connection: Connection;
  readonly error: StatusbeamError | null;
}

const RECENT = 200;
const MOST_JOBS = 500;

/** Watch what happens in the whole tenant; for operators and admins. */
export function watchTenant(client: Client): TenantWatch {
  return new TenantWatch(client);
}

export class TenantWatch implements Watch<TenantState> {
  #client: Client;
  #store: Store<TenantState>;
  #jobs = new Map<string, TenantJob>();
  #recent: readonly StatusUpdate[] = [];
  #listed: readonly TenantJob[] = [];
  #error: StatusbeamError | null = null;
  #unlisten: () => void;

  constructor(client: Client) {
    this.#client = client;
    const first: TenantState = { jobs: [], recent: [], connection: client.connection, error: null };
    this.#store = new Store(first, (before) => this.#state(before), client.environment);
    this.#unlisten = client.listen({
      wants: 'tenant',
      push: (push) => this.#take(readPush(push)),
      connected: () => this.#store.changed(),
      forget: () => this.#forget(),
      refused: (error) => {
        this.#error = error;
        this.#store.changed();
      },
    });
  }

  getState(): TenantState {
    return this.#store.get();
  }

  subscribe(listener: (state: TenantState) => void): () => void {
    return this.#store.subscribe(listener);
  }

  close(): void {
    this.#unlisten();
  }

  #forget(): void {
    this.#jobs.clear();
    this.#recent = [];
    this.#listed = [];
    this.#error = null;
    this.#store.changed();
  }

  #take(updates: StatusUpdate[]): void {
    const fresh = updates.filter((update) => update.sequence > (this.#jobs.get(update.jobId)?.sequence ?? 0));
    for (const update of fresh) {
      const { jobId, userId, sequence } = update;
      const overallStatus = statusAfter(this.#jobs.get(jobId)?.overallStatus, update);
      this.#jobs.delete(jobId); // the one with the newest status goes to the end
      this.#jobs.set(jobId, { jobId, userId, overallStatus, last: update, sequence });
    }
    if (fresh.length > 0) {
      const oldest = [...this.#jobs.keys()].slice(0, Math.max(0, this.#jobs.size - MOST_JOBS));
      for (const jobId of oldest) {
        this.#jobs.delete(jobId);
      }
      this.#recent = [...fresh.reverse(), ...this.#recent].slice(0, RECENT);
      this.#listed = [...this.#jobs.values()].reverse();
      this.#store.changed();
    }
  }

  #state(before: TenantState): TenantState {
    return unchanged(before, {
      jobs: this.#listed,
      recent: this.#recent,
      connection: this.#client.connection,
      error: this.#error,
    });
  }
}

function statusAfter(before: OverallStatus | undefined, update: StatusUpdate): OverallStatus {
  if (update.type === 'complete') {
    return 'completed';
  }
  if (update.type === 'error') {
    return update.status === 'cancelled' ? 'cancelled' : 'failed';
  }
  // Only a snapshot knows whether an opening begins a new run: what the publisher doesn't mark as after the end does.
  const isEnded = before !== undefined && isOver({ overallStatus: before });
  return isEnded && (update.metadata?.afterEnd === true || update.type === 'heartbeat') ? before : 'processing';
}
