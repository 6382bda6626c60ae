// The client: one socket, any number of watched jobs.
//
//     const client = connect({ url, auth: { type: 'cognito', token: async () => (await fetchAuthSession()).tokens.idToken.toString() } });
//     const watch = client.watchJob('job-1', ({ job, verdict }) => render(job, verdict));
//     watch.close();
//     client.close();

import type { StatusbeamError } from '../errors.ts';
import { jsonObject } from '../fold/numbers.ts';
import { RARE } from '../join/polls.ts';
import type { RealtimeState } from '../realtime/commands.ts';
import { realtimeUrlOf } from '../realtime/protocol.ts';
import { TIMING, type Timing } from '../timing.ts';
import type { Answer, RawStatusUpdate, StatusDetail, StoredJob } from '../types.ts';
import { withAlignedTimers } from './alignedTimers.ts';
import { Api } from './api.ts';
import { ServiceClock } from './clock.ts';
import { type Auth, Credentials } from './credentials.ts';
import { ANSWER_WAITING, CANCEL_JOB, GET_STATUS_DETAIL } from './documents.ts';
import { browserEnvironment, type Environment } from './environment.ts';
import { GraphQL } from './graphql.ts';
import { checkedJobId } from './jobId.ts';
import { type JobStore, Jobs, type JobWatch } from './jobs.ts';
import { jobIdOf, type SubscriptionKey } from './keys.ts';
import { Login, type LoginOptions } from './login.ts';
import { Positions } from './positions.ts';
import { type OpenPushes, type SharePushes, SocketPushes } from './pushes.ts';
import type { Connection, JobState } from './watchedJob.ts';

export interface ConnectOptions {
  /** The GraphQL address. */
  readonly url: string;
  /** The address of the sockets, if it cannot be derived from `url`. */
  readonly realtimeUrl?: string;
  readonly auth: Auth;
  /** `sharedTabs()`: one socket for all tabs of this user. */
  readonly tabs?: SharePushes;
  readonly timing?: Partial<Timing>;
  readonly environment?: Environment;
}

const openSocket: OpenPushes = (options) => new SocketPushes(options);

/** Follow jobs of a deployment. */
export function connect(options: ConnectOptions): Client {
  return new Client(options);
}

export class Client {
  readonly environment: Environment;
  readonly timing: Timing;
  #clock: ServiceClock;
  #api: Api;
  #loginOptions: LoginOptions;
  #login: Login;
  #jobs: Jobs;
  #connection: Connection = 'connecting';
  #error: StatusbeamError | null = null;
  #polls = 0;
  #timer: unknown = null;
  #listeners = new Set<ClientListener>();
  #ends: (() => void)[];
  #isClosed = false;

  constructor({ url, realtimeUrl, auth, tabs, timing, environment = browserEnvironment() }: ConnectOptions) {
    this.environment = environment;
    this.timing = { ...TIMING, ...timing };
    const clock = new ServiceClock(environment.now);
    this.#clock = clock;
    const credentials = new Credentials({
      auth,
      now: () => clock.now(),
      environment,
      timeout: this.timing.token,
      switched: () => this.#switched(),
    });
    const graphql = new GraphQL({ url, credentials, environment, timeout: this.timing.request, clock });
    this.#api = new Api(graphql, clock);
    this.#loginOptions = {
      graphqlUrl: url,
      realtimeUrl: realtimeUrl ?? realtimeUrlOf(url),
      timing: this.timing,
      credentials,
      environment,
      openPushes: tabs === undefined ? openSocket : (options) => tabs(options, openSocket),
      sync: (input, isLast) => this.#api.syncSession(input, isLast),
      covered: (jobId, isCovered) => this.#jobs.get(jobId)?.do((join) => (isCovered ? join.subscribed() : join.interrupted())),
      refused: (key, error) => this.#refused(key, error),
      data: (key, data) => this.#data(key, data),
      state: (state, error) => this.#state(state, error),
    };
    this.#login = new Login(this.#loginOptions);
    this.#jobs = this.#newJobs();
    this.#ends = [
      environment.onWake((isOtherNetwork) => this.wake(isOtherNetwork)),
      environment.onLeave(() => this.#login.session.close()),
    ];
  }

  /** `delayed`: the connection is live, but a watched job's newest status came from its log, without a push. */
  get connection(): Connection {
    return this.#connection === 'live' && this.#jobs.all().some(({ isDelayed }) => isDelayed) ? 'delayed' : this.#connection;
  }

  get error(): StatusbeamError | null {
    return this.#error;
  }

  /** Epoch seconds by the service's clock, for `agentLiveness` and `jobLiveness`. */
  now(): number {
    return this.#clock.now() / 1000;
  }

  /**
   * Watch one job. The watch calls the listener at each change; `getState` returns the current state. For an invalid job id,
   * the state's `reason` is `invalid_id`.
   */
  watchJob(jobId: string | number, listener?: (state: JobState) => void): JobWatch {
    return this.#jobs.watch(jobId, listener);
  }

  /** One job as a store for any framework. The client watches the job while the store has a subscriber. */
  jobStore(jobId: string | number): JobStore {
    return this.#jobs.store(jobId);
  }

  /** The job's current snapshot. Throws StatusbeamError. */
  async getJob(jobId: string | number): Promise<StoredJob> {
    return this.#api.getJob(checkedJobId(jobId));
  }

  /** The details of a status that its log entry lacks: `metadata.spilled` marks such an entry. Throws StatusbeamError. */
  async getStatusDetail(jobId: string | number, sequence: number): Promise<StatusDetail> {
    const variables = { jobId: checkedJobId(jobId), sequence };
    const { getStatusDetail: found } = await this.query<{ getStatusDetail: StatusDetail }>(GET_STATUS_DETAIL, variables);
    return { ...variables, detail: jsonObject(found.detail), operatorDetail: jsonObject(found.operatorDetail) };
  }

  /**
   * Request to cancel a running job, for its owner and for operators. The job runs until its work has stopped. Until then, its
   * `cancelRequest` has the request. Throws StatusbeamError.
   */
  async cancelJob(jobId: string | number, reason?: string | null): Promise<void> {
    await this.query(CANCEL_JOB, { jobId: checkedJobId(jobId), reason });
  }

  /**
   * Answer the wait of a job whose `waiting` is `answerable`; for its owner and operators. The first answer counts.
   * Throws StatusbeamError, with the `errorType` NotWaiting for a later one.
   */
  async answerWaiting(jobId: string | number, answer: Answer): Promise<void> {
    await this.query(ANSWER_WAITING, { jobId: checkedJobId(jobId), ...answer });
  }

  /** Any other query or mutation of the deployment, with this client's authorization. Throws StatusbeamError. */
  query<Data>(document: string, variables: object = {}): Promise<Data> {
    return this.#api.graphql.run<Data>(document, variables);
  }

  /** Check all positions now. The client does so itself when its tab wakes up or is online again. */
  wake(isOtherNetwork = false): void {
    if (this.#isClosed) {
      return;
    }
    this.#login.pushes.wake(isOtherNetwork);
    this.#login.subscriptions.retry(true);
    for (const watched of this.#jobs.all()) {
      watched.do((join) => join.woke());
    }
    for (const listener of this.#listeners) {
      listener.woke?.();
    }
    if (this.#jobs.ids.length === 0 && this.#isWatching()) {
      this.#login.session.extend(); // else their position checks do
    }
  }

  close(): void {
    if (this.#isClosed) {
      return;
    }
    this.#login.session.close();
    this.#login.session.stop();
    this.#isClosed = true;
    for (const end of this.#ends) {
      end();
    }
    this.environment.clearTimeout(this.#timer);
    this.#jobs.close();
    this.#connection = 'closed';
    this.#login.pushes.close();
    this.#notifyListeners();
  }

  /** Receives all events, for the watches of this client. @internal */
  listen(listener: ClientListener): () => void {
    this.#listeners.add(listener);
    this.#replan();
    return () => {
      this.#listeners.delete(listener);
      this.#replan();
    };
  }

  #newJobs(): Jobs {
    const [api, clock] = [this.#api, this.#clock];
    const positions = new Positions((jobIds) => this.#login.session.positions(jobIds), this.environment.defer);
    return new Jobs({
      reader: {
        position: (jobId) => positions.of(jobId),
        page: (jobId, afterSequence, limit) => api.listStatusUpdates(jobId, afterSequence, limit),
        job: (jobId) => api.getJob(jobId),
        now: () => clock.now(),
      },
      environment: withAlignedTimers(this.environment),
      timing: this.timing,
      connection: () => this.#connection,
      changed: () => {
        this.#replan();
        if (this.#isWatching()) {
          this.#startPolling();
        }
      },
      delayed: () => this.#notifyListeners(),
    });
  }

  #isWatching(): boolean {
    return this.#jobs.ids.length > 0 || this.#listeners.size > 0;
  }

  #startPolling(): void {
    if (this.#timer === null && !this.#isClosed) {
      this.#pollLater();
      this.#login.session.keep(() => this.#isWatching());
    }
  }

  #pollLater(): void {
    const delay = this.timing.poll * (0.8 + 0.4 * this.environment.random());
    this.#timer = this.environment.setTimeout(() => {
      this.#polls += 1;
      this.#login.subscriptions.retry(this.#polls % RARE === 0);
      for (const watched of this.#jobs.all()) {
        watched.do((join) => join.poll());
      }
      for (const listener of this.#listeners) {
        listener.poll?.();
      }
      this.#pollLater();
    }, delay);
  }

  #replan(): void {
    if (!this.#isClosed) {
      const listeners = [...this.#listeners];
      this.#login.subscriptions.plan({
        jobIds: this.#jobs.ids,
        user: listeners.some(({ wants }) => wants === 'user'),
        tenant: listeners.some(({ wants }) => wants === 'tenant'),
      });
    }
    if (this.#listeners.size > 0) {
      this.#startPolling();
    }
  }

  /** The token names another user: drop all state of the former user. */
  #switched(): void {
    if (this.#isClosed) {
      return;
    }
    this.#login.leave();
    this.#login = new Login(this.#loginOptions);
    if (this.#timer !== null) {
      this.#login.session.keep(() => this.#isWatching());
    }
    this.#state('idle', null);
    this.#error = null;
    this.#jobs.forget();
    for (const listener of this.#listeners) {
      listener.forget();
    }
    this.#replan();
  }

  #refused(key: SubscriptionKey, error: StatusbeamError): void {
    const jobId = jobIdOf(key);
    if (jobId !== null) {
      this.#jobs.get(jobId)?.do((join) => join.refused(error));
    }
    for (const listener of this.#listeners) {
      if (key === listener.wants) {
        listener.refused?.(error);
      }
    }
  }

  #data(key: SubscriptionKey, data: Readonly<Record<string, unknown>>): void {
    const update = (data.onStatusUpdate ?? data.onTenantStatus) as RawStatusUpdate | null | undefined;
    if (update == null) {
      return;
    }
    this.#jobs.get(update.jobId)?.push(update);
    for (const listener of this.#listeners) {
      if (key === listener.wants) {
        listener.push(update);
      }
    }
  }

  #state(state: RealtimeState, error: StatusbeamError | null): void {
    this.#connection = state === 'idle' ? 'connecting' : state;
    this.#error = state === 'live' ? null : (error ?? this.#error);
    for (const watched of this.#jobs.all()) {
      watched.connected(this.#connection);
    }
    this.#notifyListeners();
  }

  #notifyListeners(): void {
    for (const listener of this.#listeners) {
      listener.connected();
    }
  }
}

/** The events that the watches of a client receive. @internal */
export interface ClientListener {
  readonly wants: 'user' | 'tenant';
  push(update: RawStatusUpdate): void;
  connected(): void;
  /** The login has changed to another user. */
  forget(): void;
  poll?(): void;
  woke?(): void;
  refused?(error: StatusbeamError): void;
}
