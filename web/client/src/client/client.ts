// The client: one socket, any number of watched jobs.
//
//     const client = connect({ url, auth: { type: 'cognito', token: async () => (await fetchAuthSession()).tokens.idToken.toString() } });
//     const watch = client.watchJob('job-1', ({ job, verdict }) => render(job, verdict));
//     watch.close();
//     client.close();

import { StatusbeamError } from '../errors.ts';
import { jsonObject } from '../fold/numbers.ts';
import { SELDOM } from '../join/join.ts';
import type { RealtimeState } from '../realtime/commands.ts';
import { realtimeUrlOf } from '../realtime/wire.ts';
import { TIMING, type Timing } from '../timing.ts';
import type { Job, JobPosition, OverallStatus, StatusDetail, StatusUpdatePage, StoredJob, WireUpdate } from '../types.ts';
import { type Auth, Credentials } from './credentials.ts';
import { DOCUMENTS, type Documents, isOlderDeployment, PLAIN_DOCUMENTS } from './documents.ts';
import { browserEnvironment, type Environment } from './environment.ts';
import { type Connection, FollowedJob, initialState, type JobState, type Reader } from './followed.ts';
import { GraphQL } from './graphql.ts';
import { Positions } from './positions.ts';
import { type Pushes, SocketPushes, type SocketPushesOptions } from './pushes.ts';
import { Session, type SessionInput } from './session.ts';
import type { Watch } from './store.ts';
import { Subscriptions } from './subscriptions.ts';
import { TenantWatch } from './tenant.ts';
import { UserWatch, type UserWatchOptions } from './user.ts';

export interface ConnectOptions {
  /** The GraphQL address. */
  readonly url: string;
  /** The address of the sockets, where it does not follow from `url`. */
  readonly realtimeUrl?: string;
  readonly auth: Auth;
  /** `sharedTabs()`: one socket for all tabs of this user. */
  readonly tabs?: (options: SocketPushesOptions) => Pushes;
  readonly timing?: Partial<Timing>;
  readonly environment?: Environment;
}

export interface JobWatch extends Watch<JobState> {
  /** The job when its log had come to `sequence`; null where the known part of the log does not tell. */
  at(sequence: number): Job | null;
  /** Read the earlier part of the log as well. Throws StatusbeamError. */
  loadHistory(): Promise<void>;
  /** Look now whether something was missed. */
  check(): void;
}

export interface JobPage {
  readonly jobs: readonly Job[];
  readonly nextToken: string | null;
}

export interface ListJobsOptions {
  /** 1 to 50. */
  readonly limit?: number;
  readonly nextToken?: string | null;
  readonly overallStatus?: OverallStatus | null;
}

/** Follow jobs of a deployment. */
export function connect(options: ConnectOptions): Client {
  return new Client(options);
}

/** How long a job is still followed when nobody watches it any more: pages come and go. */
const LINGER_MS = 2_000;

export class Client {
  readonly environment: Environment;
  readonly timing: Timing;
  #graphql: GraphQL;
  #documents: Documents = DOCUMENTS;
  #positions: Positions;
  #pushes: Pushes;
  #subscriptions: Subscriptions;
  #jobs = new Map<string, { followed: FollowedJob; watchers: number; lingering: unknown }>();
  #waiting = new Map<string, JobState>();
  #session: Session;
  #connection: Connection = 'connecting';
  #error: StatusbeamError | null = null;
  #beats = 0;
  #timer: unknown = null;
  #listeners = new Set<ClientListener>();
  #ends: (() => void)[];
  #isClosed = false;

  constructor({ url, realtimeUrl, auth, tabs, timing, environment = browserEnvironment() }: ConnectOptions) {
    this.environment = environment;
    this.timing = { ...TIMING, ...timing };
    const credentials = new Credentials(auth, environment.now);
    this.#graphql = new GraphQL({ url, credentials, environment, timeout: this.timing.request });
    this.#session = new Session((input, isLast) => this.#sync(input, isLast), environment, this.timing);
    this.#positions = new Positions((jobIds) => this.#session.positions(jobIds), environment.defer);
    const pushes = tabs ?? ((options: SocketPushesOptions) => new SocketPushes(options));
    this.#pushes = pushes({
      graphqlUrl: url,
      realtimeUrl: realtimeUrl ?? realtimeUrlOf(url),
      timing: this.timing,
      credentials,
      environment,
      listener: {
        started: (key) => this.#subscriptions.started(key),
        interrupted: (key) => this.#subscriptions.interrupted(key),
        refused: (key, error) => this.#refused(key, error),
        data: (key, data) => this.#data(key, data),
        state: (state, error) => this.#state(state, error),
      },
    });
    this.#subscriptions = new Subscriptions({
      pushes: this.#pushes,
      credentials,
      documents: () => this.#documents,
      connectionId: () => this.#session.connectionId,
      covered: (jobId, isCovered) =>
        this.#jobs.get(jobId)?.followed.do((join) => (isCovered ? join.subscribed() : join.interrupted())),
      failed: (error) => this.#state('reconnecting', error),
    });
    this.#ends = [environment.onWake(() => this.wake()), environment.onLeave(() => this.#session.close())];
  }

  get connection(): Connection {
    return this.#connection;
  }

  get error(): StatusbeamError | null {
    return this.#error;
  }

  /** Epoch seconds by the service's clock, as `agentLiveness` and `jobLiveness` want them. */
  now(): number {
    return (this.environment.now() - this.#graphql.clockAhead) / 1000;
  }

  /** Watch one job. The listener is told of each change, and `getState` answers at any time. */
  watchJob(jobId: string, listener?: (state: JobState) => void): JobWatch {
    const { followed } = this.#follow(jobId);
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

  /** What is known of a job, watched or not; the same object until it changes. */
  peekJob(jobId: string): JobState {
    const known = this.#jobs.get(jobId)?.followed.store.get() ?? this.#waiting.get(jobId);
    if (known !== undefined) {
      return known;
    }
    const state = initialState(jobId, this.#connection);
    this.#waiting.set(jobId, state);
    return state;
  }

  /** Watch all jobs of the user: the newest first, those that run followed live. */
  watchUser(options: UserWatchOptions = {}): UserWatch {
    return new UserWatch(this, options);
  }

  /** Watch what happens in the whole tenant; for operators and admins. */
  watchTenant(): TenantWatch {
    return new TenantWatch(this);
  }

  /** One page of the user's jobs, the newest first, without their agents. Throws StatusbeamError. */
  async listJobs({ limit = 20, nextToken = null, overallStatus = null }: ListJobsOptions = {}): Promise<JobPage> {
    const answer = await this.#run<{ listJobs: JobPage }>('listJobs', { limit, nextToken, overallStatus });
    return answer.listJobs;
  }

  /** The snapshot as the store has it. Throws StatusbeamError. */
  async getJob(jobId: string): Promise<StoredJob> {
    return (await this.#run<{ getJob: StoredJob }>('getJob', { jobId })).getJob;
  }

  /** What one status carries beside its log entry: `metadata.spilled` says that there is more. Throws StatusbeamError. */
  async getStatusDetail(jobId: string, sequence: number): Promise<StatusDetail> {
    const answer = await this.#run<{ getStatusDetail: StatusDetail }>('getStatusDetail', { jobId, sequence });
    const { detail, operatorDetail } = answer.getStatusDetail;
    return { jobId, sequence, detail: jsonObject(detail), operatorDetail: jsonObject(operatorDetail) };
  }

  /** Any other query or mutation of the deployment, with this client's authorization. Throws StatusbeamError. */
  query<Data>(document: string, variables: object = {}): Promise<Data> {
    return this.#graphql.run<Data>(document, variables);
  }

  /** Look now whether something was missed; what the client does by itself when its tab wakes up. */
  wake(): void {
    if (this.#isClosed) {
      return;
    }
    this.#pushes.wake();
    this.#subscriptions.retry(true);
    for (const { followed } of this.#jobs.values()) {
      followed.do((join) => join.woke());
    }
    for (const listener of this.#listeners) {
      listener.woke?.();
    }
    if (this.#isWatching()) {
      this.#session.extend();
    }
  }

  close(): void {
    if (this.#isClosed) {
      return;
    }
    this.#session.close();
    this.#session.stop();
    this.#isClosed = true;
    for (const end of this.#ends) {
      end();
    }
    this.environment.clearTimeout(this.#timer);
    for (const { followed, lingering } of this.#jobs.values()) {
      this.environment.clearTimeout(lingering);
      followed.stop();
    }
    this.#connection = 'closed';
    this.#pushes.close();
    for (const listener of this.#listeners) {
      listener.connected();
    }
  }

  /** For watches of this client: hear of everything. @internal */
  listen(listener: ClientListener): () => void {
    this.#listeners.add(listener);
    this.#replan();
    return () => {
      this.#listeners.delete(listener);
      this.#replan();
    };
  }

  #follow(jobId: string): { followed: FollowedJob } {
    let known = this.#jobs.get(jobId);
    if (known === undefined) {
      const reader: Reader = this.#reader();
      const followed = new FollowedJob(jobId, reader, this.environment, this.timing, this.#connection);
      known = { followed, watchers: 0, lingering: null };
      this.#jobs.set(jobId, known);
      this.#waiting.delete(jobId);
      if (this.#isClosed) {
        followed.stop();
      } else {
        followed.do((join) => join.begin());
        this.#replan();
        this.#keepTime();
      }
    }
    this.environment.clearTimeout(known.lingering);
    known.lingering = null;
    known.watchers += 1;
    return known;
  }

  #unfollow(jobId: string): void {
    const known = this.#jobs.get(jobId);
    if (known === undefined) {
      return;
    }
    known.watchers -= 1;
    if (known.watchers === 0) {
      known.lingering = this.environment.setTimeout(() => {
        this.#jobs.delete(jobId);
        known.followed.stop();
        this.#replan();
      }, LINGER_MS);
    }
  }

  #reader(): Reader {
    const graphql = this.#graphql;
    return {
      position: (jobId) => this.#positions.of(jobId),
      page: async (jobId, afterSequence, limit) => {
        const variables = { jobId, afterSequence, limit };
        return (await this.#run<{ listStatusUpdates: StatusUpdatePage }>('listStatusUpdates', variables)).listStatusUpdates;
      },
      job: (jobId) => this.getJob(jobId),
      get clockAhead() {
        return graphql.clockAhead;
      },
    };
  }

  async #run<Data>(name: keyof Documents, variables: object, more: { readonly keepalive?: boolean } = {}): Promise<Data> {
    const asked = this.#documents;
    try {
      return await this.#graphql.run<Data>(asked[name], variables, more);
    } catch (error) {
      if (asked !== DOCUMENTS || !this.#isOlder(error)) {
        throw error;
      }
      return await this.#graphql.run<Data>(this.#documents[name], variables, more);
    }
  }

  /** A deployment older than this client doesn't know all that is selected: from then on less is asked for. */
  #isOlder(error: unknown): boolean {
    const isOlder = error instanceof StatusbeamError && isOlderDeployment(error.message);
    if (isOlder) {
      this.#documents = PLAIN_DOCUMENTS;
    }
    return isOlder;
  }

  async #sync(input: SessionInput, isLast: boolean): Promise<readonly JobPosition[]> {
    const answer = await this.#run<{ syncSession: { jobs: JobPosition[] } }>('syncSession', { input }, { keepalive: isLast });
    return answer.syncSession.jobs;
  }

  #isWatching(): boolean {
    return this.#jobs.size > 0 || this.#listeners.size > 0;
  }

  #keepTime(): void {
    if (this.#timer === null) {
      this.#beatLater();
      this.#session.keep(() => this.#isWatching());
    }
  }

  #beatLater(): void {
    const { beat, beatOffline } = this.timing;
    const delay = (this.#connection === 'live' ? beat : beatOffline) * (0.8 + 0.4 * this.environment.random());
    this.environment.clearTimeout(this.#timer);
    this.#timer = this.environment.setTimeout(() => {
      this.#beats += 1;
      this.#subscriptions.retry(this.#beats % SELDOM === 0);
      for (const { followed } of this.#jobs.values()) {
        followed.do((join) => join.beat());
      }
      for (const listener of this.#listeners) {
        listener.beat?.();
      }
      this.#beatLater();
    }, delay);
  }

  #replan(): void {
    if (!this.#isClosed) {
      const listeners = [...this.#listeners];
      this.#subscriptions.plan({
        jobIds: [...this.#jobs.keys()],
        user: listeners.some(({ wants }) => wants === 'user'),
        tenant: listeners.some(({ wants }) => wants === 'tenant'),
      });
    }
    if (this.#listeners.size > 0) {
      this.#keepTime();
    }
  }

  #refused(key: string, error: StatusbeamError): void {
    if (this.#documents === DOCUMENTS && this.#isOlder(error)) {
      this.#subscriptions.again();
      return;
    }
    this.#subscriptions.refused(key, error);
    for (const [jobId, { followed }] of this.#jobs) {
      if (key === `job:${jobId}`) {
        followed.do((join) => join.refused(error));
      }
    }
    for (const listener of this.#listeners) {
      if (key === listener.wants) {
        listener.refused?.(error);
      }
    }
  }

  #data(key: string, data: Readonly<Record<string, unknown>>): void {
    const update = (data.onStatusUpdate ?? data.onTenantStatus) as WireUpdate | null | undefined;
    if (update == null) {
      return;
    }
    this.#jobs.get(update.jobId)?.followed.push(update);
    for (const listener of this.#listeners) {
      if (key === listener.wants) {
        listener.push(update);
      }
    }
  }

  #state(state: RealtimeState, error: StatusbeamError | null): void {
    const wasLive = this.#connection === 'live';
    this.#connection = state === 'idle' ? 'connecting' : state;
    this.#error = state === 'live' ? null : (error ?? this.#error);
    if (wasLive !== (state === 'live') && this.#timer !== null && !this.#isClosed) {
      this.#beatLater();
    }
    for (const { followed } of this.#jobs.values()) {
      followed.connected(this.#connection);
    }
    for (const listener of this.#listeners) {
      listener.connected();
    }
  }
}

/** What the watches of a client hear. @internal */
export interface ClientListener {
  readonly wants: 'user' | 'tenant';
  push(update: WireUpdate): void;
  connected(): void;
  beat?(): void;
  woke?(): void;
  refused?(error: StatusbeamError): void;
}
