import assert from 'node:assert/strict';
import test from 'node:test';

import { type Browser, sharedTabs } from '../src/client/tabs.ts';
import { World } from './sim/world.ts';

const GEO = { type: 'agent_status', status: 'agent_invoking', message: 'Reading', agentName: 'Geo Agent' };

/** The channel and the lock that tabs of one browser share. A tab that crashes says nothing more, its lock goes on. */
class Tabs {
  #receivers = new Map<object, (message: unknown) => void>();
  #queue: { tab: object; lead: () => Promise<void> }[] = [];
  #holder: object | null = null;

  open(): Browser & { crash(): void } {
    const tab = {};
    return {
      channel: (_name, receive) => {
        this.#receivers.set(tab, receive);
        return { post: (message) => this.#post(tab, message), close: () => void this.#receivers.delete(tab) };
      },
      lead: (_name, lead) => {
        this.#queue.push({ tab, lead });
        queueMicrotask(() => this.#next());
        return () => {
          this.#queue = this.#queue.filter((each) => each.tab !== tab);
        };
      },
      crash: () => this.#gone(tab),
    };
  }

  #post(from: object, message: unknown): void {
    for (const [tab, receive] of [...this.#receivers]) {
      if (tab !== from && this.#receivers.has(from)) {
        queueMicrotask(() => receive(structuredClone(message)));
      }
    }
  }

  #gone(tab: object): void {
    this.#receivers.delete(tab);
    this.#queue = this.#queue.filter((each) => each.tab !== tab);
    if (this.#holder === tab) {
      this.#holder = null;
      this.#next();
    }
  }

  #next(): void {
    const next = this.#holder === null ? this.#queue.shift() : undefined;
    if (next !== undefined) {
      this.#holder = next.tab;
      void next.lead().then(() => this.#gone(next.tab));
    }
  }
}

test('tabs share one socket, and each has every status', async () => {
  const world = new World();
  const tabs = new Tabs();
  const clients = [1, 2, 3].map(() => world.connect({ tabs: sharedTabs(tabs.open()) }));
  const watches = clients.map((client) => client.watchJob('job-1'));
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
  const late = world.connect({ tabs: sharedTabs(tabs.open()) }).watchJob('job-1');
  await world.advance(2_000);
  assert.equal(late.getState().verdict, 'whole');
  assert.equal(world.opened.length, 1);
});

test('when the tab with the socket closes, or dies without a word, another one takes over and nothing is lost', async () => {
  for (const how of ['close', 'crash']) {
    const world = new World();
    const tabs = new Tabs();
    const [first, second, third] = [tabs.open(), tabs.open(), tabs.open()];
    const leading = world.connect({ tabs: sharedTabs(first) });
    leading.watchJob('job-1');
    const watches = [second, third].map((tab) => world.connect({ tabs: sharedTabs(tab) }).watchJob('job-1'));
    await world.advance(3_000);
    if (how === 'close') {
      leading.close();
    } else {
      first.crash();
      world.service.dropAll();
    }
    world.service.commit('job-1', [GEO]);
    await world.advance(3_000);
    assert.deepEqual(
      watches.map((watch) => [watch.getState().verdict, watch.getState().job.sequence]),
      watches.map(() => ['whole', 1]),
      how
    );
    world.service.commit('job-1', [GEO]);
    await world.advance(100);
    assert.deepEqual(
      watches.map((watch) => watch.getState().job.sequence),
      [2, 2]
    );
  }
});

test('what only a closed tab wanted is no longer subscribed to', async () => {
  const world = new World();
  const tabs = new Tabs();
  world.connect({ tabs: sharedTabs(tabs.open()) }).watchJob('job-1');
  const polite = world.connect({ tabs: sharedTabs(tabs.open()) });
  polite.watchJob('job-2');
  const crashing = tabs.open();
  world.connect({ tabs: sharedTabs(crashing) }).watchJob('job-3');
  await world.advance(3_000);
  const [socket] = world.service.sockets;
  assert.equal(socket?.subscriptions.size, 3);
  polite.close();
  crashing.crash();
  await world.advance(1_000);
  assert.equal(socket?.subscriptions.size, 2);
  await world.advance(180_000);
  assert.deepEqual(
    [...[...world.service.sockets].flatMap(({ subscriptions }) => [...subscriptions.values()])].map(
      ({ variables }) => variables.jobId
    ),
    ['job-1']
  );
});
