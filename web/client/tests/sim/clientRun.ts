// One seeded run of a whole client: the network fails, logs lose their beginnings, ids are wrong, and another user signs in.

import assert from 'node:assert/strict';
import { fold } from '../../src/fold/fold.ts';
import type { Client, JobWatch } from '../../src/index.ts';
import { type UserWatch, watchUser } from '../../src/lists/index.ts';
import { NO_FAULTS } from './service.ts';
import { World } from './world.ts';

const USERS = ['ana', 'boris'] as const;
const TROUBLE_MS = 30_000;
const PATIENCE_MS = 100_000; // the service sends no `ka` here: later, the client would renew a socket that fell silent
const BAD_IDS = ['', 'x'.repeat(300), 'job-\ud83d', undefined, 'line\nbreak'] as const;
const REFUSED_ID = 'refused';

export interface ClientOutcome {
  readonly switches: number;
  readonly badIds: number;
  readonly cuts: number;
  readonly statuses: number;
  readonly delayed: number;
}

export class ClientRun {
  readonly #world: World;
  readonly #client: Client;
  readonly #jobs = USERS.flatMap((user) => [0, 1, 2].map((number) => ({ user, jobId: `of-${user}-${number}` })));
  readonly #watches = new Map<string, JobWatch>();
  readonly #bad: JobWatch[] = [];
  readonly #refused: JobWatch;
  readonly #list: UserWatch;
  /** Who is signed in, and whom the client's newest token names. */
  #signedIn: string = USERS[0];
  #known: string = USERS[0];
  #switches = 0;
  #cuts = 0;
  #delayed = 0;
  #statuses = 0;

  constructor(seed: number) {
    const world = new World(seed);
    this.#world = world;
    world.service.badIds.add(REFUSED_ID);
    this.#client = world.connect({ auth: { type: 'cognito', token: () => this.#token() } });
    for (const { jobId } of this.#jobs) {
      this.#watches.set(jobId, this.#client.watchJob(jobId));
    }
    for (const id of BAD_IDS.filter(() => world.random() < 0.5)) {
      this.#bad.push(this.#client.watchJob(id as string));
    }
    this.#refused = this.#client.watchJob(REFUSED_ID);
    this.#list = watchUser(this.#client);
  }

  async go(): Promise<ClientOutcome> {
    const { clock, random, service } = this.#world;
    const sometimes = (most: number) => (random() < 0.5 ? random() * most : 0);
    service.faults = {
      ...NO_FAULTS,
      drop: sometimes(0.5),
      duplicate: sometimes(0.4),
      delay: sometimes(0.5),
      latest: random() * 3_000,
      failRequests: sometimes(0.3),
      failStarts: sometimes(0.3),
    };
    const end = clock.now + TROUBLE_MS;
    while (clock.now < end) {
      this.#commit();
      this.#trouble();
      await this.#advance(random() * 2_000);
    }
    service.faults = NO_FAULTS;
    service.isPushing = true;
    service.expireTokens();
    await this.#advance(1_000);
    this.#world.wake();
    await this.#advance(PATIENCE_MS);
    this.#judge();
    this.#client.close();
    return {
      switches: this.#switches,
      badIds: this.#bad.length,
      cuts: this.#cuts,
      statuses: this.#statuses,
      delayed: this.#delayed,
    };
  }

  #token(): string {
    this.#known = this.#signedIn;
    const { service, clock } = this.#world;
    return service.newToken(clock.now / 1000 + 3_600, this.#signedIn);
  }

  #commit(): void {
    const { random, service } = this.#world;
    const { user, jobId } = this.#jobs[Math.floor(random() * this.#jobs.length)] as { user: string; jobId: string };
    const batch = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, index) => ({
      type: 'agent_status',
      status: 'agent_invoking',
      message: `status ${index}`,
      agentName: 'Geo Agent',
      userId: user,
    }));
    service.commit(jobId, batch);
    this.#statuses += batch.length;
  }

  #trouble(): void {
    const { random, service } = this.#world;
    const troubles: (() => void)[] = [
      () => service.dropAll(),
      () => service.expireTokens(),
      () => this.#world.wake(random() < 0.5),
      () => {
        service.isPushing = !service.isPushing;
      },
      () => this.#switch(),
      () => this.#cut(),
    ];
    if (random() < 0.4) {
      troubles[Math.floor(random() * troubles.length)]?.();
    }
  }

  /** Another user signs in; the client learns of it with its next token. */
  #switch(): void {
    this.#signedIn = USERS.find((user) => user !== this.#signedIn) as string;
    this.#world.service.expireTokens();
    this.#switches += 1;
  }

  #cut(): void {
    const { random, service } = this.#world;
    const log = service.log((this.#jobs[Math.floor(random() * this.#jobs.length)] as { jobId: string }).jobId);
    log.keptFrom = Math.max(log.keptFrom, 1 + Math.floor(random() * log.updates.length));
    this.#cuts += 1;
  }

  async #advance(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += 500) {
      await this.#world.advance(Math.min(500, milliseconds - passed));
      this.#check();
    }
  }

  /** At every moment: nothing but what belongs to the user of the newest token, in order, each once. */
  #check(): void {
    for (const [jobId, watch] of this.#watches) {
      const { updates, firstSequence, connection } = watch.getState();
      this.#delayed += connection === 'delayed' ? 1 : 0;
      for (const [index, update] of updates.entries()) {
        assert.equal(update.userId, this.#known, `${jobId} shows a status of ${update.userId} to ${this.#known}`);
        assert.equal(update.sequence, firstSequence + index, 'in order, each once');
      }
    }
    for (const job of this.#list.getState().jobs) {
      assert.equal(job.userId, this.#known, `${job.jobId} is listed to ${this.#known}`);
    }
  }

  #judge(): void {
    const { service } = this.#world;
    for (const { user, jobId } of this.#jobs) {
      const { updates, verdict, reason, job } = (this.#watches.get(jobId) as JobWatch).getState();
      const log = service.log(jobId);
      const isOwn = user === this.#known;
      assert.ok(verdict === 'whole' || verdict === 'cut', `${jobId} ends ${verdict}, ${reason}`);
      assert.equal(job.sequence, isOwn ? log.updates.length : 0, jobId);
      if (isOwn && log.updates.length > 0) {
        assert.equal(job.progress, fold(log.updates).head.reported, jobId);
        assert.ok((updates[0]?.sequence ?? Number.POSITIVE_INFINITY) <= log.keptFrom, `${jobId} lacks what is kept`);
      }
    }
    for (const watch of this.#bad) {
      assert.equal(watch.getState().reason, 'invalid_id');
    }
    assert.equal(this.#refused.getState().error?.code, 'bad_request');
    assert.deepEqual(this.#world.reported, []);
  }
}
