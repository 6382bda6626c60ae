// The deployment as a client meets it: logs, reads, sockets. What AppSync does to pushes is in the faults.

import { claimsOf } from '../../src/client/credentials.ts';
import { fold } from '../../src/fold/fold.ts';
import type { Snapshot } from '../../src/fold/snapshot.ts';
import type { JobPosition, RawStatusUpdate, StatusUpdatePage, StoredJob } from '../../src/types.ts';
import { jwt } from '../tokens.ts';
import type { Random, VirtualClock } from './clock.ts';
import { storedJob } from './stored.ts';

export interface Faults {
  /** Pushes lost right after each start_ack. */
  dropAfterAck: number;
  drop: number;
  duplicate: number;
  /** Share of pushes and answers that are late, by up to `latest` ms: they come out of order. */
  delay: number;
  latest: number;
  /** Share of HTTP requests that fail. */
  failRequests: number;
  /** Share of subscriptions that the store is too busy for. */
  failStarts: number;
  /** Share of questions for a token that are in vain. */
  failTokens: number;
  /** How long a token is taken, in ms. */
  tokenLife: number;
}

export const NO_FAULTS: Faults = {
  dropAfterAck: 0,
  drop: 0,
  duplicate: 0,
  delay: 0,
  latest: 0,
  failRequests: 0,
  failStarts: 0,
  failTokens: 0,
  tokenLife: Number.POSITIVE_INFINITY,
};

export interface Answer {
  readonly status: number;
  readonly body: { readonly data?: unknown; readonly errors?: unknown };
}

interface Log {
  epoch: string;
  updates: RawStatusUpdate[];
  keptFrom: number;
}

/** The client's end of a socket, as the service sees it. */
export interface ClientEnd {
  text(text: string): void;
  closed(): void;
}

export class ServiceSocket {
  isOpen = true;
  /** Half open: nothing arrives any more, nobody says so. */
  isDead = false;
  isInitialised = false;
  readonly subscriptions = new Map<string, { variables: Record<string, unknown>; toDrop: number }>();
  readonly client: ClientEnd;

  constructor(client: ClientEnd) {
    this.client = client;
  }
}

export class Service {
  faults: Faults = NO_FAULTS;
  /** How far its clock is ahead of the client's, in milliseconds. */
  clockAhead = 0;
  isDown = false;
  /** endSessions was called: the login counts no longer. */
  isLoginEnded = false;
  hasTooManyAgents = false;
  /** False: the publisher has lost the right to push. */
  isPushing = true;
  /** Ids that the store takes for a mistake. */
  readonly badIds = new Set<string>();
  /** Nobody leads a tenant. */
  hasNoOperators = false;
  readonly sockets = new Set<ServiceSocket>();
  readonly sessions = new Map<string, number>();
  readonly tokens: string[] = [];
  requests = 0;
  starts = 0;
  /** How far each job's log was when the latest start_ack that covers it was sent. */
  headAtAck = new Map<string, number>();
  #clock: VirtualClock;
  #random: Random;
  #logs = new Map<string, Log>();
  #uses = 0;

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  log(jobId: string): Log {
    let log = this.#logs.get(jobId);
    if (log === undefined) {
      this.#uses += 1;
      log = { epoch: `epoch-${this.#uses}`, updates: [], keptFrom: 1 };
      this.#logs.set(jobId, log);
    }
    return log;
  }

  /** The job id is used again, after its time was over. */
  forget(jobId: string): void {
    this.#logs.delete(jobId);
  }

  snapshot(jobId: string, sequence = Number.POSITIVE_INFINITY): Snapshot {
    const { epoch, updates } = this.log(jobId);
    return fold(
      updates.filter((update) => (update.sequence ?? 0) <= sequence),
      { epoch }
    );
  }

  /** One commit, then its push to whoever subscribed. */
  commit(jobId: string, batch: Omit<RawStatusUpdate, 'sequence' | 'eventId' | 'jobId' | 'timestamp'>[]): void {
    const log = this.log(jobId);
    const updates = batch.map((update, index) => ({
      userId: 'ana',
      tenantId: 'city',
      ...update,
      jobId,
      sequence: log.updates.length + 1 + index,
      eventId: `${log.epoch}-${log.updates.length + 1 + index}`,
      timestamp: new Date(this.#clock.now).toISOString(),
    }));
    log.updates.push(...(updates as RawStatusUpdate[]));
    const last = updates.at(-1);
    if (last !== undefined) {
      const earlier = updates.length > 1 ? updates.slice(0, -1) : null;
      this.#broadcast({ ...last, earlier } as RawStatusUpdate);
    }
  }

  #broadcast(push: RawStatusUpdate): void {
    for (const socket of this.sockets) {
      for (const [id, subscription] of this.isPushing ? socket.subscriptions : []) {
        const { jobId, userId, tenantId } = subscription.variables;
        const isOwn = tenantId !== undefined || userId === push.userId;
        if (isOwn && (jobId === undefined || jobId === push.jobId)) {
          this.#deliver(socket, id, subscription, push);
        }
      }
    }
  }

  #deliver(socket: ServiceSocket, id: string, subscription: { toDrop: number }, push: RawStatusUpdate): void {
    if (subscription.toDrop > 0) {
      subscription.toDrop -= 1;
      return;
    }
    if (this.#random() < this.faults.drop) {
      return;
    }
    const times = this.#random() < this.faults.duplicate ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      this.#send(socket, { type: 'data', id, payload: { data: { onStatusUpdate: push } } });
    }
  }

  /** The time something takes on its way. */
  way(): number {
    const { delay, latest } = this.faults;
    return 5 + this.#random() * 20 + (this.#random() < delay ? this.#random() * latest : 0);
  }

  #send(socket: ServiceSocket, frame: unknown): void {
    const text = JSON.stringify(frame);
    this.#clock.after(this.way(), () => {
      if (socket.isOpen && !socket.isDead) {
        socket.client.text(text);
      }
    });
  }

  // --- tokens ---

  /** `until`: when it says that it ends, in epoch seconds. */
  newToken(until = this.#clock.now / 1000 + 86_400, sub = 'ana'): string {
    const life = this.faults.tokenLife;
    const exp = Number.isFinite(life) ? undefined : until;
    return this.admit(jwt({ sub, tenantId: 'city', jti: this.tokens.length, exp }));
  }

  /** Take a token from now on. */
  admit(token: string): string {
    this.tokens.push(token);
    this.#expiry.set(token, this.#clock.now + this.faults.tokenLife);
    return token;
  }

  #expiry = new Map<string, number>();

  takes(token: string | undefined): boolean {
    return token !== undefined && (this.#expiry.get(token) ?? Number.NEGATIVE_INFINITY) > this.#clock.now;
  }

  expireTokens(): void {
    this.#expiry.clear();
  }

  // --- sockets ---

  connect(protocols: string[], client: ClientEnd): ServiceSocket {
    const socket = new ServiceSocket(client);
    this.#clock.after(this.way(), () => {
      if (this.isDown) {
        this.drop(socket);
      }
    });
    const header = protocols.find((each) => each.startsWith('header-'))?.slice('header-'.length) ?? '';
    const { Authorization } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { Authorization?: string };
    socket.isInitialised = false;
    this.sockets.add(socket);
    if (!this.takes(Authorization)) {
      const errors = [{ errorType: 'UnauthorizedException', message: 'Token has expired.', errorCode: 400 }];
      this.#send(socket, { type: 'connection_error', payload: { errors } });
    }
    return socket;
  }

  /** A frame of the client arrives. */
  receive(socket: ServiceSocket, text: string): void {
    if (!socket.isOpen || socket.isDead || this.isDown) {
      return;
    }
    const frame = JSON.parse(text) as {
      type: string;
      id: string;
      payload: { data: string; extensions: { authorization: Record<string, string> } };
    };
    if (frame.type === 'connection_init') {
      socket.isInitialised = true;
      this.#send(socket, { type: 'connection_ack', payload: { connectionTimeoutMs: 300_000 } });
    } else if (frame.type === 'start' && socket.isInitialised) {
      this.#start(socket, frame);
    } else if (frame.type === 'stop') {
      socket.subscriptions.delete(frame.id);
      this.#send(socket, { type: 'complete', id: frame.id });
    }
  }

  #start(
    socket: ServiceSocket,
    frame: { id: string; payload: { data: string; extensions: { authorization: Record<string, string> } } }
  ): void {
    const { id, payload } = frame;
    if (socket.subscriptions.has(id)) {
      throw new Error(`id ${id} is used twice on one connection`);
    }
    this.starts += 1;
    if (!this.takes(payload.extensions.authorization.Authorization)) {
      this.#send(socket, {
        type: 'error',
        id,
        payload: { errors: [{ errorType: 'UnauthorizedException', message: 'Token has expired.' }] },
      });
      return;
    }
    const { query, variables } = JSON.parse(payload.data) as { query: string; variables: Record<string, unknown> };
    const isBusy = this.#random() < this.faults.failStarts;
    const isOver = this.hasNoOperators && variables.tenantId !== undefined;
    const refusal = isBusy
      ? { errorType: 'StoreUnavailable', message: 'Try again.' }
      : isOver
        ? { errorType: 'Forbidden', message: 'Operators only.' }
        : this.#refusalOf(query);
    if (refusal !== null) {
      this.#send(socket, { type: 'error', id, payload: { errors: [refusal] } });
      return;
    }
    socket.subscriptions.set(id, { variables, toDrop: Math.floor(this.#random() * (this.faults.dropAfterAck + 1)) });
    for (const [jobId, log] of this.#logs) {
      if (variables.jobId === undefined || variables.jobId === jobId) {
        this.headAtAck.set(jobId, log.updates.length);
      }
    }
    this.#send(socket, { type: 'start_ack', id });
  }

  /** The socket breaks; the client hears of it. */
  drop(socket: ServiceSocket): void {
    if (socket.isOpen) {
      this.leave(socket);
      socket.client.closed();
    }
  }

  leave(socket: ServiceSocket): void {
    socket.isOpen = false;
    socket.subscriptions.clear();
    this.sockets.delete(socket);
  }

  dropAll(): void {
    for (const socket of [...this.sockets]) {
      this.drop(socket);
    }
  }

  // --- HTTP ---

  /** Answers `{query, variables}`; null: nothing comes back. */
  answer(query: string, variables: Record<string, unknown>, token: string | undefined): Answer | null {
    this.requests += 1;
    if (this.isDown || this.#random() < this.faults.failRequests) {
      return null;
    }
    if (!this.takes(token)) {
      return { status: 401, body: { errors: [{ errorType: 'UnauthorizedException', message: 'Token has expired.' }] } };
    }
    const refusal = this.#refusalOf(query);
    if (refusal !== null) {
      return { status: 200, body: { data: null, errors: [refusal] } };
    }
    const name = /(\w+)\(/.exec(query.slice(query.indexOf('{')))?.[1] ?? '';
    if (this.#isMistaken(variables)) {
      return { status: 200, body: { data: null, errors: [{ errorType: 'BadRequest', message: 'No such id.' }] } };
    }
    const data = this.#resolve(name, variables, String(claimsOf(token as string).sub ?? 'ana'));
    return { status: 200, body: { data: { [name]: data } } };
  }

  #isMistaken(variables: Record<string, unknown>): boolean {
    const { jobIds = [] } = (variables.input ?? {}) as { jobIds?: string[] };
    return [variables.jobId, ...jobIds].some((jobId) => this.badIds.has(jobId as string));
  }

  /** Whether the user may see the job; one without a status is nobody's. */
  #sees(userId: string, jobId: string): boolean {
    const owner = this.#logs.get(jobId)?.updates[0]?.userId;
    return owner === undefined || owner === userId;
  }

  #refusalOf(query: string): { errorType: string; message: string } | null {
    if (this.isLoginEnded) {
      return { errorType: 'LoginEnded', message: 'This login was ended. Sign in again.' };
    }
    if (this.hasTooManyAgents && query.includes('getJob(')) {
      return { errorType: 'TooManyAgents', message: 'This job has more agents than one answer holds.' };
    }
    return null;
  }

  #resolve(name: string, variables: Record<string, unknown>, userId: string): unknown {
    if (name === 'syncSession') {
      const { connectionId, action, jobIds } = variables.input as { connectionId: string; action: string; jobIds: string[] };
      if (action === 'close') {
        this.sessions.delete(connectionId);
      } else {
        this.sessions.set(connectionId, this.#clock.now + 900_000);
      }
      const expiresAt = action === 'close' ? 0 : Math.floor((this.#clock.now + this.clockAhead) / 1000) + 900;
      return { connectionId, expiresAt, jobs: jobIds.map((jobId) => this.#positionFor(userId, jobId)) };
    }
    if (name === 'cancelJob') {
      const asked = { by: userId, reason: variables.reason };
      this.commit(variables.jobId as string, [
        {
          type: 'agent_status',
          status: 'cancel_requested',
          message: 'Asked to stop',
          metadata: JSON.stringify({ cancelRequest: asked }),
        },
      ]);
      return { jobId: variables.jobId };
    }
    if (name === 'answerWaiting') {
      const { jobId, invocationId, approved, comment } = variables as {
        jobId: string;
        invocationId: string;
        approved: boolean;
        comment: string;
      };
      this.commit(jobId, [
        {
          type: 'agent_status',
          status: 'answered',
          invocationId,
          message: approved ? 'Approved' : 'Rejected',
          metadata: JSON.stringify({ answer: { approved, by: userId, comment } }),
        },
      ]);
      return { jobId };
    }
    if (name === 'listJobs') {
      const begun = [...this.#logs].filter(([, { updates }]) => updates.length > 0).map(([jobId]) => jobId);
      const own = begun.filter((jobId) => this.#sees(userId, jobId));
      return this.#page(own.reverse(), variables);
    }
    const named = variables.jobId as string;
    const jobId = this.#sees(userId, named) ? named : `${named} of another user`;
    if (name === 'getStatusDetail') {
      return { jobId, sequence: variables.sequence, detail: '{"prompt":"long"}', operatorDetail: null };
    }
    return name === 'getJob' ? this.job(jobId) : this.page(jobId, variables.afterSequence as number, variables.limit as number);
  }

  /** Of the `limit` jobs that it looks at, a page has those of the wanted workflow. */
  #page(jobIds: readonly string[], { limit, nextToken, workflow }: Record<string, unknown>): object {
    const begin = nextToken == null ? 0 : jobIds.indexOf(nextToken as string) + 1;
    const seen = jobIds.slice(begin, begin + (limit as number));
    const jobs = seen
      .map((jobId) => ({ ...this.job(jobId), agents: [] }))
      .filter((job) => (workflow ?? job.workflow) === job.workflow);
    return { jobs, nextToken: begin + seen.length < jobIds.length ? seen.at(-1) : null };
  }

  #positionFor(userId: string, jobId: string): JobPosition {
    return this.#sees(userId, jobId) ? this.position(jobId) : { jobId, sequence: 0, epoch: null };
  }

  position(jobId: string): JobPosition {
    const log = this.#logs.get(jobId);
    return { jobId, sequence: log?.updates.length ?? 0, epoch: log?.epoch ?? null };
  }

  job(jobId: string): StoredJob {
    const log = this.#logs.get(jobId);
    return storedJob(log === undefined ? fold([]) : this.snapshot(jobId), jobId);
  }

  page(jobId: string, after: number, limit: number): StatusUpdatePage {
    const { updates, keptFrom } = this.#logs.get(jobId) ?? { updates: [], keptFrom: 1 };
    const current = updates.length;
    const refused = (reason: string, firstSequence: number | null = null) => ({
      updates: [],
      currentSequence: current,
      nextAfterSequence: current,
      recovered: false,
      reason,
      firstSequence,
    });
    if (after > current) {
      return refused('ahead_of_log');
    }
    if (after < current && after + 1 < keptFrom) {
      return refused('log_expired', keptFrom > current ? null : keptFrom);
    }
    const found = updates.slice(after, after + limit);
    return { updates: found, currentSequence: current, nextAfterSequence: after + found.length, recovered: true, reason: null };
  }
}
