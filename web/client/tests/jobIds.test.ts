// An id that no job can have is told to who named it, and to nobody else.

import assert from 'node:assert/strict';
import test from 'node:test';

import { World } from './sim/world.ts';

const STEP = { type: 'agent_status', status: 'agent_invoking', message: 'Reading', agentName: 'Geo Agent' };

const BAD: readonly [string, unknown][] = [
  ['an empty text', ''],
  ['nothing', undefined],
  ['null', null],
  ['an object', {}],
  ['300 characters', 'x'.repeat(300)],
  ['half a surrogate', 'job-\ud83d'],
  ['a line break', 'job\n1'],
  ['a tab', 'job\t1'],
];

for (const [what, bad] of BAD) {
  test(`an id that is ${what} says why it is refused, and the healthy watches beside it stay whole`, async () => {
    const world = new World();
    world.service.commit('good', [STEP]);
    const client = world.connect();
    const watches = [client.watchJob('good'), client.watchJob(bad as string)] as const;
    await world.advance(30_000);
    assert.equal(watches[0].getState().verdict, 'whole');
    const { verdict, reason, error } = watches[1].getState();
    assert.deepEqual([verdict, reason, error?.code], ['behind', 'invalid_id', 'bad_request']);
    assert.match(error?.message ?? '', /^jobId must be/);
    assert.equal(client.watchJob(bad as string).getState(), watches[1].getState(), 'the same object');
    await assert.rejects(client.getJob(bad as string), { code: 'bad_request' });
    await assert.rejects(watches[1].loadHistory(), { code: 'bad_request' });
    watches[1].close();
    client.close();
  });
}

test('a number is its text', async () => {
  const world = new World();
  world.service.commit('4711', [STEP]);
  const watch = world.connect().watchJob(4711);
  await world.advance(2_000);
  assert.deepEqual([watch.getState().job.jobId, watch.getState().updates.length], ['4711', 1]);
});

test('128 characters are an id, whatever the characters are', async () => {
  const world = new World();
  const jobId = '🦉'.repeat(128);
  world.service.commit(jobId, [STEP]);
  const watch = world.connect().watchJob(jobId);
  await world.advance(2_000);
  assert.equal(watch.getState().updates.length, 1);
});

test('an id that only the service refuses affects no other watch, and is rarely read', async () => {
  const world = new World();
  world.service.badIds.add('odd');
  const client = world.connect();
  const good = ['good-1', 'good-2', 'good-3'].map((jobId) => client.watchJob(jobId));
  const odd = client.watchJob('odd');
  await world.advance(5_000);
  for (const watch of good) {
    assert.equal(watch.getState().verdict, 'whole');
  }
  assert.deepEqual([odd.getState().reason, odd.getState().error?.code], ['forbidden', 'bad_request']);
  const before = world.asked.length;
  await world.advance(120_000);
  assert.ok(world.asked.length - before < 40, `${world.asked.length - before} requests`);
  client.close();
});

test('names of JavaScript are ids and words like any other', async () => {
  const world = new World();
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    world.service.commit(name, [{ ...STEP, status: name, agentName: name, toolName: name, metadata: `{"${name}":1}` }]);
    const watch = world.connect().watchJob(name);
    await world.advance(2_000);
    assert.equal(watch.getState().job.agents[0]?.name, name);
    assert.equal(watch.getState().verdict, 'whole');
  }
});
