// One seeded run of the sans-I/O core, Realtime and JobJoin, against a service and a network that misbehave for a while.

import assert from 'node:assert/strict';
import { Runner, type Work } from '../../src/client/runner.ts';
import { StatusbeamError } from '../../src/errors.ts';
import { fold } from '../../src/fold/fold.ts';
import { jobView, snapshotOf } from '../../src/fold/snapshot.ts';
import type { JoinCommand } from '../../src/join/commands.ts';
import { JobJoin } from '../../src/join/join.ts';
import type { RealtimeCommand, RealtimeState } from '../../src/realtime/commands.ts';
import { Realtime } from '../../src/realtime/realtime.ts';
import { TIMING } from '../../src/timing.ts';
import type { RawStatusUpdate } from '../../src/types.ts';
import { dice, type Random, VirtualClock } from './clock.ts';
import { NO_FAULTS, Service, type ServiceSocket } from './service.ts';

const JOB = 'job-1';
const TROUBLE_MS = 20_000;
const PATIENCE_MS = 120_000;

/** What the run did, to see that the runs as a whole exercise everything. */
export interface Outcome {
  readonly verdict: string;
  readonly statuses: number;
  readonly recovery: JobJoin['recovery'];
  readonly snapshots: number;
  /** Subscriptions that failed or were refused. */
  readonly refusals: number;
}

export class Run {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly service: Service;
  readonly join: JobJoin;
  readonly realtime: Realtime;
  state: RealtimeState = 'idle';
  snapshots = 0;
  refusals = 0;
  isCut = false;
  isAsleep = false;
  /** Whether the subscription is live, and the head of the log when it started. */
  isSubscribed = false;
  headAtAck = 0;
  #ids = 0;
  #sockets = new Map<number, ServiceSocket>();
  #token: string;
  #realtimeRunner: Runner<Realtime, RealtimeCommand>;
  #joinRunner: Runner<JobJoin, JoinCommand>;
  #slept: (() => void)[] = [];

  constructor(seed: number) {
    this.random = dice(seed);
    this.service = new Service(this.clock, this.random);
    this.#token = this.service.newToken();
    const longLog = this.random() < 0.3 ? 8 : 500;
    this.join = new JobJoin(JOB, { timing: TIMING, random: this.random, longLog, tail: 5 });
    const { random } = this;
    this.realtime = new Realtime({
      graphqlUrl: 'https://api.example.com/graphql',
      realtimeUrl: 'wss://api.example.com/graphql/realtime',
      timing: TIMING,
      environment: { now: () => this.clock.now, random },
    });
    const environment = {
      setTimeout: (action: () => void, delay: number) => this.#later(delay, action),
      clearTimeout: (timer: unknown) => this.clock.cancel(timer),
      report: (error: unknown) => assert.fail(String(error)),
    };
    this.#realtimeRunner = new Runner(this.realtime, environment, (command) => this.#carryOut(command));
    this.#joinRunner = new Runner(
      this.join,
      environment,
      (command) => this.#ask(command),
      () => this.#check()
    );
  }

  go(): Outcome {
    const { service, random, clock } = this;
    const before = Math.floor(random() * 15);
    for (let count = 0; count < before; count += 1) {
      service.commit(JOB, [this.#status()]);
    }
    this.#misbehave();
    this.#write(clock.now + TROUBLE_MS);
    this.#doJoin((join) => join.begin());
    this.#doRealtime((realtime) =>
      realtime.want('job:1', { query: 'subscription S { s }', variables: { userId: 'ana', jobId: JOB } })
    );
    this.#poll();
    clock.runUntil(clock.now + TROUBLE_MS + 2_000);
    service.faults = NO_FAULTS;
    service.isDown = false;
    this.#awake();
    if (random() < 0.5) {
      service.commit(JOB, [{ type: 'complete', status: 'complete', message: 'Done' }]);
    } // else what the trouble lost last shows by no gap: only a check finds it
    const end = clock.now + PATIENCE_MS;
    while (clock.now < end && !this.#isDone() && clock.step(end)) {
      // until it is whole
    }
    return this.#judge();
  }

  #isDone(): boolean {
    const { verdict } = this.join.verdict;
    return (verdict === 'whole' || verdict === 'cut') && this.join.log.last === this.service.position(JOB).sequence;
  }

  #judge(): Outcome {
    const { verdict, reason } = this.join.verdict;
    const { updates, epoch } = this.service.log(JOB);
    this.#check();
    assert.equal(this.join.log.last, updates.length, 'ends whole');
    assert.ok(verdict === 'whole' || (verdict === 'cut' && this.isCut), `ends whole, not ${verdict} (${reason})`);
    assert.deepEqual(jobView(this.join.log.snapshot), jobView(fold(updates, { epoch })));
    this.#readHistory();
    return {
      verdict,
      statuses: updates.length,
      recovery: this.join.recovery,
      snapshots: this.snapshots,
      refusals: this.refusals,
    };
  }

  /** Whatever the log still has can be shown. */
  #readHistory(): void {
    const { log } = this.join;
    let isMoving = true;
    for (let reads = log.readsBefore(0, 4); isMoving && reads.length > 0; reads = log.readsBefore(0, 4)) {
      isMoving = reads.map(({ after, limit }) => log.takeBefore(this.service.page(JOB, after, limit))).some(Boolean);
    }
    assert.ok(
      log.first <= this.service.log(JOB).keptFrom,
      `kept from ${this.service.log(JOB).keptFrom}, shown from ${log.first}`
    );
    this.#check();
  }

  /** What must be true at every moment. */
  #check(): void {
    const { log, verdict } = { log: this.join.log, verdict: this.join.verdict };
    const { updates } = this.service.log(JOB);
    for (const [index, update] of log.updates.entries()) {
      assert.equal(update.sequence, log.first + index, 'in order, each once');
      assert.equal(update.eventId, updates[update.sequence - 1]?.eventId, 'nothing that was not committed');
    }
    if (log.updates.length > 0) {
      assert.equal(log.last, log.updates.at(-1)?.sequence, 'the snapshot is of exactly these');
    }
    if (verdict.verdict === 'whole') {
      assert.ok(this.isSubscribed, 'whole only while a subscription is live');
      assert.ok(log.last >= this.headAtAck, 'whole means at least all up to the start_ack');
    }
  }

  // --- trouble ---

  #misbehave(): void {
    const { random, service, clock } = this;
    const sometimes = (most: number) => (random() < 0.5 ? random() * most : 0);
    service.faults = {
      dropAfterAck: Math.floor(sometimes(4)),
      drop: sometimes(0.6),
      duplicate: sometimes(0.6),
      delay: sometimes(0.7),
      latest: random() * 4_000,
      failRequests: sometimes(0.5),
      failStarts: sometimes(0.5),
      failTokens: sometimes(0.5),
      tokenLife: random() < 0.3 ? 1_000 + random() * 10_000 : Number.POSITIVE_INFINITY,
    };
    const troubles: (() => void)[] = [
      () => service.dropAll(),
      () => this.#dieSilently(),
      () => this.#restart(),
      () => service.expireTokens(),
      () => this.#sleep(),
      () => this.#cutLog(),
      () => this.realtime.timer('renewal'),
    ];
    const count = Math.floor(random() * 6);
    for (let i = 0; i < count; i += 1) {
      const trouble = troubles[Math.floor(random() * troubles.length)] as () => void;
      clock.after(random() * TROUBLE_MS, () => this.#doRealtime(trouble));
    }
  }

  #dieSilently(): void {
    for (const socket of this.service.sockets) {
      socket.isDead = true;
    }
    // The wake that finds it: on a real page the next `ka` that stays out does, minutes later.
    this.clock.after(70_000, () => this.#wake());
  }

  #restart(): void {
    this.service.isDown = true;
    this.service.dropAll();
    this.clock.after(this.random() * 5_000, () => {
      this.service.isDown = false;
    });
  }

  /** The tab sleeps: no timer fires, and its sockets die without a word. */
  #sleep(): void {
    this.isAsleep = true;
    for (const socket of this.service.sockets) {
      socket.isDead = true;
    }
    this.clock.after(this.random() * 10_000, () => this.#awake());
  }

  #awake(): void {
    if (this.isAsleep) {
      this.isAsleep = false;
      for (const action of this.#slept.splice(0)) {
        action();
      }
      this.service.dropAll();
      this.#wake();
    }
  }

  #wake(): void {
    this.#doRealtime((realtime) => realtime.wake(this.random() < 0.5));
    this.#doJoin((join) => join.woke());
  }

  #cutLog(): void {
    const log = this.service.log(JOB);
    log.keptFrom = Math.max(log.keptFrom, 1 + Math.floor(this.random() * (log.updates.length + 1)));
    this.isCut = true;
  }

  #write(until: number): void {
    this.clock.after(this.random() * 1_500, () => {
      if (this.clock.now < until) {
        const count = this.random() < 0.3 ? 1 + Math.floor(this.random() * 4) : 1;
        this.service.commit(
          JOB,
          Array.from({ length: count }, () => this.#status())
        );
        this.#write(until);
      }
    });
  }

  #status(): Omit<RawStatusUpdate, 'sequence' | 'eventId' | 'jobId' | 'timestamp'> {
    this.#ids += 1;
    const words = ['agent_invoking', 'calling_tool', 'progress', 'agent_complete', 'validating'];
    const status = words[Math.floor(this.random() * words.length)] as string;
    const agentName = status === 'validating' ? null : `Agent ${Math.floor(this.random() * 3)}`;
    const metadata = JSON.stringify({ tokenUsage: { inputTokens: this.#ids, outputTokens: 1 } });
    return {
      type: status === 'progress' ? 'progress' : 'agent_status',
      status,
      message: `status ${this.#ids}`,
      agentName,
      progress: status === 'progress' ? this.#ids % 101 : null,
      metadata,
    };
  }

  // --- the environment of the two machines ---

  #poll(): void {
    this.#later(TIMING.poll, () => {
      this.#doJoin((join) => join.poll());
      this.#poll();
    });
  }

  #later(delay: number, action: () => void): unknown {
    const fire = () => (this.isAsleep ? this.#slept.push(fire) : action());
    return this.clock.after(delay, fire);
  }

  #doRealtime(event: (realtime: Realtime) => void): void {
    this.#realtimeRunner.do(event);
  }

  #doJoin(event: (join: JobJoin) => void): void {
    this.#joinRunner.do(event);
  }

  #carryOut(command: Work<RealtimeCommand>): void {
    switch (command.type) {
      case 'authorize':
        this.#authorize(command.ticket, command.refused);
        break;
      case 'connect':
        this.#connect(command.link, command.protocols);
        break;
      case 'send': {
        const socket = this.#sockets.get(command.link);
        this.clock.after(10, () => socket && this.service.receive(socket, command.text));
        break;
      }
      case 'disconnect':
        this.#disconnect(command.link);
        break;
      case 'state':
        this.state = command.state;
        break;
      case 'started':
        if (!this.isSubscribed) {
          this.isSubscribed = true;
          this.headAtAck = this.service.headAtAck.get(JOB) ?? 0;
        }
        this.#doJoin((join) => join.subscribed());
        break;
      case 'interrupted':
        this.isSubscribed = false;
        this.#doJoin((join) => join.interrupted());
        break;
      case 'refused':
        this.refusals += 1;
        this.#doJoin((join) => join.refused(command.error));
        break;
      case 'data':
        this.#doJoin((join) => join.push(command.data.onStatusUpdate as RawStatusUpdate));
        break;
    }
  }

  #authorize(ticket: number, refused: object | null): void {
    if (refused !== null || !this.service.takes(this.#token)) {
      this.#token = this.service.newToken();
    }
    const Authorization = this.#token;
    const isThere = this.random() >= this.service.faults.failTokens;
    this.clock.after(this.random() * 50, () =>
      this.#doRealtime((realtime) =>
        isThere
          ? realtime.authorized(ticket, { Authorization })
          : realtime.unauthorizable(ticket, new StatusbeamError('unauthorized', 'no token'))
      )
    );
  }

  #connect(link: number, protocols: string[]): void {
    const socket = this.service.connect(protocols, {
      text: (text) => this.isAsleep || this.#doRealtime((realtime) => realtime.text(link, text)),
      closed: () => this.#doRealtime((realtime) => realtime.closed(link)),
    });
    this.#sockets.set(link, socket);
    this.clock.after(15, () => this.#doRealtime((realtime) => realtime.opened(link)));
  }

  #disconnect(link: number): void {
    const socket = this.#sockets.get(link);
    this.#sockets.delete(link);
    if (socket !== undefined) {
      this.service.leave(socket);
    }
  }

  /** A read is answered by what is true when it arrives, and comes back some time later. */
  #ask(command: { type: string; ticket: number; after?: number; limit?: number }): void {
    const { ticket } = command;
    this.clock.after(this.service.way(), () => {
      const answer = this.#answer(command);
      this.clock.after(this.service.way(), () =>
        this.#doJoin((join) =>
          answer === null ? join.failed(ticket, new StatusbeamError('unavailable', 'no network')) : answer(join)
        )
      );
    });
  }

  #answer({ type, ticket, after = 0, limit = 100 }: { type: string; ticket: number; after?: number; limit?: number }) {
    const { service } = this;
    if (service.isDown || this.random() < service.faults.failRequests) {
      return null;
    }
    if (type === 'position') {
      const position = service.position(JOB);
      return (join: JobJoin) => join.positioned(ticket, position);
    }
    if (type === 'page') {
      const page = service.page(JOB, after, limit);
      return (join: JobJoin) => join.paged(ticket, page);
    }
    this.snapshots += 1;
    const job = service.job(JOB);
    return (join: JobJoin) => join.snapshotted(ticket, snapshotOf(job));
  }
}
