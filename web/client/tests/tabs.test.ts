import assert from 'node:assert/strict';
import test from 'node:test';
import type { Auth } from '../src/client/credentials.ts';
import type { JobWatch } from '../src/index.ts';
import { watchTenant } from '../src/lists/index.ts';
import { type Browser, sharedTabs } from '../src/tabs/index.ts';
import type { TabMessage } from '../src/tabs/messages.ts';
import { dice } from './sim/clock.ts';
import { NO_FAULTS } from './sim/service.ts';
import { Tabs } from './sim/tabs.ts';
import { World } from './sim/world.ts';
import { viewToken } from './tokens.ts';

const GEO = { type: 'agent_status', status: 'agent_invoking', message: 'Reading', agentName: 'Geo Agent' };

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

test('a subscription that only a closed tab wanted is ended', async () => {
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

test('a subscription belongs to the session of an open tab', async () => {
  const world = new World();
  const tabs = new Tabs(world);
  tabs.open().client.watchJob('job-1');
  await world.advance(1_000);
  const [first, second] = [tabs.open(), tabs.open()];
  watchTenant(first.client);
  await world.advance(1_000);
  const heard = watchTenant(second.client);
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

test('a subscription that was refused to all tabs is retried when one of them retries', async () => {
  const world = new World();
  const tabs = new Tabs(world);
  const clients = [tabs.open(), tabs.open()].map(({ client }) => client);
  const watches = clients.map((client) => client.watchJob('job-1'));
  await world.advance(3_000);
  world.service.isLoginEnded = true;
  world.service.dropAll();
  await world.advance(30_000);
  assert.deepEqual(
    watches.map((watch) => watch.getState().reason),
    ['forbidden', 'forbidden']
  );
  world.service.isLoginEnded = false;
  clients[1]?.wake(); // not the one that asked for it first
  await world.advance(2_000);
  assert.deepEqual(
    watches.map((watch) => watch.getState().verdict),
    ['whole', 'whole']
  );
});

test('a tab that joins late gets the refusals of the others', async () => {
  const world = new World();
  world.service.hasNoOperators = true;
  const tabs = new Tabs(world);
  const [leading, second, third] = [tabs.open().client, tabs.open().client, tabs.open().client];
  leading.watchJob('job-1');
  await world.advance(1_000);
  for (const client of [second, third, leading]) {
    const watch = watchTenant(client);
    await world.advance(1_000);
    assert.equal(watch.getState().error?.message, 'Operators only.');
  }
  assert.equal(world.service.starts, 2);
});

test('a tab without watched jobs fetches no token when it wakes', async () => {
  const world = new World();
  new Tabs(world).open();
  world.wake();
  await world.advance(60_000);
  assert.equal(world.tokensAsked.length, 0);
});

test('tabs whose logins see different jobs do not share a socket', async () => {
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

test('a tab without a token joins the others later', async () => {
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

test('a late message of a former leader is corrected by the answer of the current one', async () => {
  const world = new World();
  let receive: (message: unknown) => void = () => undefined;
  const posted: TabMessage[] = [];
  const browser: Browser = {
    channel: (_name, receiver) => {
      receive = receiver;
      return { post: (message) => posted.push(message as TabMessage), close: () => undefined };
    },
    lead: () => () => undefined,
  };
  const watch = world.connect({ tabs: sharedTabs(browser) }).watchJob('job-1');
  await world.advance(1_000);
  const { tab: to } = posted.find(({ type }) => type === 'want') as { tab: string };
  const answer = { type: 'subscribed', to, keys: ['job:job-1'], state: { state: 'live', error: null } };
  const late = { type: 'refused', key: 'job:job-1', error: { code: 'unavailable', message: 'Not now.', errorType: null } };
  for (const [message, verdict] of [
    [answer, 'whole'],
    [late, 'behind'],
    [answer, 'whole'],
    [{ type: 'elected' }, 'behind'],
    [answer, 'whole'],
  ] as const) {
    receive(message);
    await world.advance(500);
    assert.equal(watch.getState().verdict, verdict);
  }
});

test('without locks, a tab has a socket of its own', async () => {
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

const BROWSERS = Number(process.env.STATUSBEAM_CLIENT_BROWSERS ?? 300);

test(`${BROWSERS} browsers whose tabs open, close, crash, freeze and thaw on a bad network end with all of them whole, on one socket`, async () => {
  for (let seed = 1; seed <= BROWSERS; seed += 1) {
    const random = dice(seed);
    const world = new World(seed);
    const tabs = new Tabs(world);
    const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item;
    let open: ReturnType<Tabs['open']>[] = [];
    const watches = new Map<(typeof open)[number], JobWatch>();
    const begin = () => {
      const tab = tabs.open();
      watches.set(tab, tab.client.watchJob(pick(['job-1', 'job-2'])));
      open.push(tab);
    };
    const end = (how: 'close' | 'crash') => {
      const gone = pick(open);
      open = open.filter((each) => each !== gone);
      if (how === 'close') {
        gone.tab.thaw();
        gone.client.close();
      } else {
        gone.crash();
      }
    };
    world.service.faults = {
      ...NO_FAULTS,
      drop: random() * 0.4,
      duplicate: 0.2,
      delay: 0.3,
      latest: 2_000,
      failStarts: random() * 0.4,
    };
    begin();
    for (let step = 0; step < 20; step += 1) {
      const [one, other] = [pick(open), pick(open)];
      pick([
        begin,
        () => open.length > 1 && end('close'),
        () => open.length > 1 && end('crash'),
        () => {
          one.tab.isFrozen = true;
        },
        () => other.tab.thaw(),
        () => world.service.dropAll(),
        () => other.client.wake(),
        () => world.service.commit('job-1', [GEO]),
        () => world.service.commit('job-2', [GEO]),
      ])();
      await world.advance(random() * 15_000);
    }
    world.service.faults = NO_FAULTS;
    for (const { tab } of open) {
      tab.thaw();
    }
    for (let minute = 0; minute < 3; minute += 1) {
      await world.advance(60_000);
      for (const socket of world.service.sockets) {
        socket.client.text('{"type":"ka"}');
      }
    }
    for (const jobId of ['job-1', 'job-2']) {
      world.service.commit(jobId, [GEO]);
    }
    const asked = world.asked.length;
    await world.advance(100);
    for (const [, watch] of [...watches].filter(([tab]) => open.includes(tab))) {
      const { verdict, connection, job, updates } = watch.getState();
      const log = world.service.log(job.jobId).updates;
      assert.deepEqual([verdict, connection], ['whole', 'live'], `seed ${seed}`);
      assert.deepEqual(
        updates.map(({ eventId }) => eventId),
        log.map(({ eventId }) => eventId),
        `seed ${seed}`
      );
    }
    const read = world.asked.slice(asked).filter(({ query }) => query.includes('listStatusUpdates'));
    assert.equal(read.length, 0, `seed ${seed}: by their pushes`);
    assert.equal(world.service.sockets.size, 1, `seed ${seed}`);
  }
});
