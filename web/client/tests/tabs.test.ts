import assert from 'node:assert/strict';
import test from 'node:test';

import type { Auth } from '../src/client/credentials.ts';
import type { Environment } from '../src/client/environment.ts';
import { type Browser, type Leadership, sharedTabs } from '../src/client/tabs.ts';
import type { Client } from '../src/index.ts';
import { World } from './sim/world.ts';
import { viewToken } from './tokens.ts';

const GEO = { type: 'agent_status', status: 'agent_invoking', message: 'Reading', agentName: 'Geo Agent' };

/** One tab: what reaches it while it is frozen waits. */
class Tab {
  isFrozen = false;
  #waiting: (() => void)[] = [];

  do(action: () => void): void {
    if (this.isFrozen) {
      this.#waiting.push(action);
    } else {
      action();
    }
  }

  thaw(): void {
    this.isFrozen = false;
    for (const action of this.#waiting.splice(0)) {
      action();
    }
  }

  environment({ setTimeout, openSocket, ...more }: Environment): Environment {
    return {
      ...more,
      setTimeout: (action, milliseconds) => setTimeout(() => this.do(action), milliseconds),
      openSocket: (url, protocols, handlers) =>
        openSocket(url, protocols, {
          opened: () => this.do(handlers.opened),
          text: (text) => this.do(() => handlers.text(text)),
          closed: () => this.do(handlers.closed),
        }),
    };
  }
}

/** The channels and the locks that tabs of one browser share. A tab that crashes says nothing more, its lock goes on. */
class Tabs {
  #receivers = new Map<Tab, { name: string; receive: (message: unknown) => void }>();
  #queue: { tab: Tab; name: string; leadership: Leadership }[] = [];
  #holders = new Map<string, { tab: Tab; leadership: Leadership }>();
  #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** A client in a new tab, and what may happen to that. */
  open(auth?: Auth): { client: Client; tab: Tab; crash(): void } {
    const tab = new Tab();
    const browser: Browser = {
      channel: (name, receive) => {
        this.#receivers.set(tab, { name, receive });
        return { post: (message) => this.#post(tab, name, message), close: () => void this.#receivers.delete(tab) };
      },
      lead: (name, leadership) => {
        const waiting = { tab, name, leadership };
        if (leadership.steals) {
          const holder = this.#holders.get(name);
          this.#holders.delete(name);
          this.#queue.unshift(waiting);
          holder?.tab.do(() => holder.leadership.lost());
        } else {
          this.#queue.push(waiting);
        }
        queueMicrotask(() => this.#next(name));
        return () => {
          this.#queue = this.#queue.filter((each) => each !== waiting);
        };
      },
    };
    const environment = tab.environment(this.#world.environment);
    const client = this.#world.connect({ tabs: sharedTabs(browser), environment, ...(auth ? { auth } : {}) });
    const crash = () => {
      tab.isFrozen = true;
      this.#receivers.delete(tab);
      this.#queue = this.#queue.filter((each) => each.tab !== tab);
      for (const [name, holder] of [...this.#holders]) {
        if (holder.tab === tab) {
          this.#holders.delete(name);
          this.#next(name);
        }
      }
    };
    return { client, tab, crash };
  }

  #post(from: Tab, name: string, message: unknown): void {
    for (const [tab, other] of [...this.#receivers]) {
      if (tab !== from && other.name === name && this.#receivers.has(from)) {
        queueMicrotask(() => tab.do(() => other.receive(structuredClone(message))));
      }
    }
  }

  #next(name: string): void {
    const next = this.#holders.has(name) ? undefined : this.#queue.find((each) => each.name === name);
    if (next !== undefined) {
      const holder = { tab: next.tab, leadership: next.leadership };
      this.#queue = this.#queue.filter((each) => each !== next);
      this.#holders.set(name, holder);
      next.tab.do(() => {
        void next.leadership.lead().then(() => {
          if (this.#holders.get(name) === holder) {
            this.#holders.delete(name);
            this.#next(name);
          }
        });
      });
    }
  }
}

const jobsOf = (world: World) =>
  [...world.service.sockets]
    .flatMap(({ subscriptions }) => [...subscriptions.values()])
    .map(({ variables }) => variables.jobId)
    .sort();

test('tabs share one socket, and each has every status', async () => {
  const world = new World();
  const tabs = new Tabs(world);
  const watches = [1, 2, 3].map(() => tabs.open().client.watchJob('job-1'));
  await world.advance(3_000);
  assert.equal(world.opened.length, 1);
  assert.equal(world.service.starts, 1);
  assert.deepEqual(
    watches.map((watch) => [watch.getState().verdict, watch.getState().connection]),
    watches.map(() => ['whole', 'live'])
  );
  world.service.commit('job-1', [GEO, GEO]);
  await world.advance(100);
  assert.deepEqual(
    watches.map((watch) => watch.getState().job.sequence),
    [2, 2, 2]
  );
  const late = ['job-1', 'job-2'].map((jobId) => tabs.open().client.watchJob(jobId));
  await world.advance(2_000);
  assert.deepEqual(
    late.map((watch) => [watch.getState().verdict, watch.getState().connection]),
    late.map(() => ['whole', 'live'])
  );
  assert.equal(world.opened.length, 1);
});

for (const how of ['closes', 'dies without a word', 'is frozen', 'is frozen, and thaws'] as const) {
  test(`when the tab with the socket ${how}, another one takes over and nothing is lost`, async () => {
    const world = new World();
    const tabs = new Tabs(world);
    const [leading, ...others] = [tabs.open(), tabs.open(), tabs.open()];
    const first = leading.client.watchJob('job-1');
    const watches = others.map(({ client }) => client.watchJob('job-1'));
    await world.advance(3_000);
    if (how === 'closes') {
      leading.client.close();
    } else if (how === 'dies without a word') {
      leading.crash();
      world.service.dropAll();
    } else {
      leading.tab.isFrozen = true;
    }
    world.service.commit('job-1', [GEO]);
    await world.advance(35_000);
    if (how === 'is frozen, and thaws') {
      leading.tab.thaw();
      await world.advance(10_000);
      watches.push(first);
    }
    assert.deepEqual(
      watches.map((watch) => [watch.getState().verdict, watch.getState().job.sequence]),
      watches.map(() => ['whole', 1])
    );
    const asked = world.asked.length;
    world.service.commit('job-1', [GEO]);
    await world.advance(100);
    assert.deepEqual(
      watches.map((watch) => watch.getState().job.sequence),
      watches.map(() => 2)
    );
    assert.equal(world.asked.length, asked, 'by its push');
    if (how !== 'is frozen') {
      assert.equal(world.service.sockets.size, 1);
    }
  });
}

test('what only a closed tab wanted is no longer subscribed to', async () => {
  const world = new World();
  const tabs = new Tabs(world);
  tabs.open().client.watchJob('job-1');
  const polite = tabs.open();
  polite.client.watchJob('job-2');
  const crashing = tabs.open();
  crashing.client.watchJob('job-3');
  await world.advance(3_000);
  assert.deepEqual(jobsOf(world), ['job-1', 'job-2', 'job-3']);
  polite.client.close();
  crashing.crash();
  await world.advance(1_000);
  assert.deepEqual(jobsOf(world), ['job-1', 'job-3']);
  await world.advance(180_000);
  assert.deepEqual(jobsOf(world), ['job-1']);
});

test('a subscription is under the session of a tab that is still there', async () => {
  const world = new World();
  const tabs = new Tabs(world);
  tabs.open().client.watchJob('job-1');
  await world.advance(1_000);
  const [first, second] = [tabs.open(), tabs.open()];
  first.client.watchTenant();
  await world.advance(1_000);
  const heard = second.client.watchTenant();
  await world.advance(2_000);
  first.client.close();
  await world.advance(1_000);
  const [tenant] = [...world.service.sockets]
    .flatMap(({ subscriptions }) => [...subscriptions.values()])
    .filter(({ variables }) => variables.tenantId !== undefined);
  assert.ok(world.service.sessions.has(String(tenant?.variables.connectionId)));
  world.service.commit('job-2', [GEO]);
  await world.advance(100);
  assert.deepEqual(
    heard.getState().jobs.map(({ jobId }) => jobId),
    ['job-2']
  );
});

test('what was refused to all tabs is tried again when one of them tries again', async () => {
  const world = new World();
  const tabs = new Tabs(world);
  const clients = [tabs.open(), tabs.open()].map(({ client }) => client);
  const watches = clients.map((client) => client.watchJob('job-1'));
  await world.advance(3_000);
  world.service.isForbidden = true;
  world.service.dropAll();
  await world.advance(30_000);
  assert.deepEqual(
    watches.map((watch) => watch.getState().reason),
    ['forbidden', 'forbidden']
  );
  world.service.isForbidden = false;
  clients[1]?.wake(); // not the one that asked for it first
  await world.advance(2_000);
  assert.deepEqual(
    watches.map((watch) => watch.getState().verdict),
    ['whole', 'whole']
  );
});

test('tabs whose logins may not see the same do not share a socket', async () => {
  const world = new World();
  const tabs = new Tabs(world);
  const auth = (claims: object): Auth => ({
    type: 'viewToken',
    token: () => world.service.admit(viewToken({ sub: 'ana', exp: world.clock.now / 1000 + 3_600, ...claims })),
  });
  const logins = [{ tenant: 'city' }, { tenant: 'county' }, { tenant: 'city', jobs: ['job-1'] }, { tenant: 'city' }];
  for (const claims of logins) {
    tabs.open(auth(claims)).client.watchJob('job-1');
  }
  await world.advance(3_000);
  assert.equal(world.service.sockets.size, 3);
});

test('a tab whose token was gone just when it wanted to join the others joins them later', async () => {
  const world = new World();
  let asked = 0;
  const token = () => {
    asked += 1;
    if (asked > 3 && asked < 10) {
      throw new Error('Not now.');
    }
    return world.service.admit(viewToken({ sub: 'ana', tenant: 'city' })); // says nothing of its end: asked for each time
  };
  const { client } = new Tabs(world).open({ type: 'viewToken', token });
  const watch = client.watchJob('job-1');
  await world.advance(90_000);
  assert.deepEqual([watch.getState().verdict, watch.getState().connection], ['whole', 'live']);
});

test('where there is no lock to be had, a tab has a socket of its own', async () => {
  const world = new World();
  const browser: Browser = {
    channel: () => ({ post: () => undefined, close: () => undefined }),
    lead: (_name, { lost }) => {
      queueMicrotask(lost);
      return () => undefined;
    },
  };
  const watch = world.connect({ tabs: sharedTabs(browser) }).watchJob('job-1');
  await world.advance(3_000);
  assert.deepEqual([watch.getState().verdict, watch.getState().connection], ['whole', 'live']);
});
