// All reporting jobs of a tenant, for operators, from pushes alone.

import type { Client } from '../client/client.ts';
import { Store, unchanged, type Watch } from '../client/store.ts';
import type { Connection } from '../client/watchedJob.ts';
import type { StatusbeamError } from '../errors.ts';
import { isOver } from '../fold/liveness.ts';
import { readPush } from '../join/update.ts';
import type { Job, OverallStatus, RawStatusUpdate, StatusUpdate } from '../types.ts';
import { Snapshots } from './snapshots.ts';
import { type TenantMinute, Throughput } from './throughput.ts';

/** A job of any user of the tenant, from its pushes since the watch began. */
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
  /** The jobs that `readAgents` named, with their agents. */
  readonly snapshots: readonly Job[];
  /** How many of the named jobs could not be read. */
  readonly unread: number;
  /** The minutes of the last hour that had statuses, in order. */
  readonly minutes: readonly TenantMinute[];
  /** Since when these minutes are counted, in epoch milliseconds. */
  readonly sinceMs: number;
  readonly connection: Connection;
  readonly error: StatusbeamError | null;
}

/** The state before the first status. */
export const NO_TENANT: TenantState = {
  jobs: [],
  recent: [],
  snapshots: [],
  unread: 0,
  minutes: [],
  sinceMs: 0,
  connection: 'connecting',
  error: null,
};

const RECENT = 200;
const POLLS_PER_READING = 60;
const MOST_JOBS = 500;

/** Watch all jobs of the tenant, for operators and admins. */
export function watchTenant(client: Client): TenantWatch {
  return new TenantWatch(client);
}

export class TenantWatch implements Watch<TenantState> {
  #client: Client;
  #store: Store<TenantState>;
  #jobs = new Map<string, TenantJob>();
  #recent: readonly StatusUpdate[] = [];
  #listed: readonly TenantJob[] = [];
  #snapshots: Snapshots;
  #throughput: Throughput;
  #wasLive = false;
  #polls = 0;
  #error: StatusbeamError | null = null;
  #unlisten: () => void;

  constructor(client: Client) {
    this.#client = client;
    this.#throughput = new Throughput(client.now() * 1000);
    const { connection, environment } = client;
    const { sinceMs } = this.#throughput;
    const first: TenantState = { ...NO_TENANT, sinceMs, connection };
    this.#store = new Store(first, (before) => this.#state(before), environment);
    this.#snapshots = new Snapshots(client, () => this.#store.changed());
    this.#unlisten = client.listen({
      wants: 'tenant',
      push: (push) => this.#received(push),
      connected: () => this.#connected(),
      woke: () => this.#snapshots.again(),
      poll: () => this.#poll(),
      forget: () => this.#forget(),
      refused: (error) => this.#failed(error),
    });
  }

  getState(): TenantState {
    return this.#store.get();
  }

  subscribe(listener: (state: TenantState) => void): () => void {
    return this.#store.subscribe(listener);
  }

  /** Read these jobs with their agents, each once. Pushes then update them in `snapshots`, which has up to 100. */
  readAgents(jobIds: readonly string[]): void {
    this.#snapshots.want(jobIds);
  }

  close(): void {
    this.#unlisten();
    this.#snapshots.forget();
  }

  #failed(error: StatusbeamError): void {
    this.#error = error;
    this.#store.changed();
  }

  #connected(): void {
    const isLive = this.#client.connection === 'live';
    if (isLive && !this.#wasLive) {
      this.#snapshots.again();
    }
    this.#wasLive = isLive;
    this.#store.changed();
  }

  /** Read silent jobs again, because only a later push or a read shows that a push got lost. */
  #poll(): void {
    this.#polls += 1;
    if (this.#polls % POLLS_PER_READING === 0) {
      this.#snapshots.again();
    }
  }

  #received(push: RawStatusUpdate): void {
    this.#snapshots.push(push);
    this.#take(readPush(push));
  }

  #forget(): void {
    this.#jobs.clear();
    this.#recent = [];
    this.#listed = [];
    this.#snapshots.forget();
    this.#throughput = new Throughput(this.#client.now() * 1000);
    this.#error = null;
    this.#store.changed();
  }

  #take(updates: StatusUpdate[]): void {
    const fresh = updates.filter((update) => update.sequence > (this.#jobs.get(update.jobId)?.sequence ?? 0));
    let [statuses, endedJobs] = [0, 0];
    for (const update of fresh) {
      const { jobId, userId, sequence } = update;
      const before = this.#jobs.get(jobId);
      const overallStatus = statusAfter(before?.overallStatus, update);
      statuses += before === undefined ? 1 : sequence - before.sequence; // statuses whose push got lost count too
      endedJobs += isOver({ overallStatus }) && !(before && isOver(before)) ? 1 : 0;
      this.#jobs.delete(jobId); // the job with the newest status goes to the end
      this.#jobs.set(jobId, { jobId, userId, overallStatus, last: update, sequence });
    }
    if (fresh.length > 0) {
      this.#throughput.add(this.#client.now() * 1000, statuses, endedJobs);
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
      snapshots: this.#snapshots.jobs,
      unread: this.#snapshots.unread,
      minutes: this.#throughput.minutes,
      sinceMs: this.#throughput.sinceMs,
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
  // Only a snapshot shows whether an opening begins a new run: one without the publisher's mark `afterEnd` does.
  const isEnded = before !== undefined && isOver({ overallStatus: before });
  return isEnded && (update.metadata?.afterEnd === true || update.type === 'heartbeat') ? before : 'processing';
}
