// `live` means that pushes arrive.

import assert from 'node:assert/strict';
import test from 'node:test';
import { watchUser } from '../src/lists/index.ts';

import { NO_FAULTS } from './sim/service.ts';
import { World } from './sim/world.ts';

const STEP = { type: 'agent_status', status: 'agent_invoking', message: 'Reading', agentName: 'Geo Agent' };

/** Let time pass on a connection that the service keeps alive. */
async function quiet(world: World, milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 30_000) {
    for (const socket of world.service.sockets) {
      socket.client.text('{"type":"ka"}');
    }
    await world.advance(Math.min(30_000, milliseconds - passed));
  }
}

test('if the publisher may not push, the connection is delayed within seconds, and checks find the statuses', async () => {
  const world = new World();
  world.service.isPushing = false;
  const client = world.connect();
  const [watch, list] = [client.watchJob('job-1'), watchUser(client)];
  await world.advance(3_000);
  assert.equal(watch.getState().connection, 'live', 'nothing was missed yet');
  for (let count = 0; count < 14; count += 1) {
    world.service.commit('job-1', [STEP]);
  }
  await world.advance(8_000);
  assert.equal(watch.getState().updates.length, 14);
  assert.deepEqual(
    [watch.getState().connection, client.connection, list.getState().connection],
    ['delayed', 'delayed', 'delayed']
  );
  for (let count = 0; count < 20; count += 1) {
    await quiet(world, 90_000);
    world.service.commit('job-1', [STEP]);
    await world.advance(8_000);
    assert.equal(
      watch.getState().job.sequence,
      15 + count,
      'delayed pushes are checked for every few seconds, however quiet it was'
    );
  }
  world.service.isPushing = true;
  world.service.commit('job-1', [STEP]);
  await world.advance(100);
  assert.deepEqual([watch.getState().connection, client.connection, list.getState().connection], ['live', 'live', 'live']);
});

test('a slow push does not make the connection delayed', async () => {
  const world = new World();
  const client = world.connect();
  const watch = client.watchJob('job-1');
  const seen = new Set<string>();
  watch.subscribe(({ connection }) => seen.add(connection));
  await world.advance(3_000);
  world.service.faults = { ...NO_FAULTS, delay: 1, latest: 800 };
  for (let count = 0; count < 100; count += 1) {
    world.service.commit('job-1', [STEP]);
    await world.advance(1_000);
  }
  assert.ok(!seen.has('delayed'), [...seen].join(' '));
});

test('a new subscription begins as live, after any losses of the previous one', async () => {
  const world = new World();
  world.service.isPushing = false;
  const watch = world.connect().watchJob('job-1');
  await world.advance(3_000);
  world.service.commit('job-1', [STEP]);
  await world.advance(8_000);
  assert.equal(watch.getState().connection, 'delayed');
  world.service.dropAll();
  await world.advance(2_000);
  assert.equal(watch.getState().connection, 'live');
});

test('a silent job is checked less often, and often again after a status', async () => {
  const world = new World();
  world.service.commit('job-1', [STEP]);
  const watch = world.connect().watchJob('job-1');
  await quiet(world, 120_000);
  const checks = async (milliseconds: number) => {
    const before = world.asked.length;
    await quiet(world, milliseconds);
    return world.asked.length - before;
  };
  assert.ok((await checks(600_000)) <= 45, 'one check in about 20 s, and the session');
  world.service.commit('job-1', [STEP]);
  assert.ok((await checks(40_000)) >= 6, 'one check in about 5 s');
  assert.equal(watch.getState().verdict, 'whole');
});
