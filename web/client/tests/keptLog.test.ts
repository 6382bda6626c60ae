// What the log still has is shown.

import assert from 'node:assert/strict';
import test from 'node:test';

import { World } from './sim/world.ts';

const STEP = { type: 'agent_status', status: 'agent_invoking', message: 'Reading', agentName: 'Geo Agent' };

async function watched(statuses: number, keptFrom: number) {
  const world = new World();
  world.service.commit(
    'job-1',
    Array.from({ length: statuses }, () => STEP)
  );
  world.service.log('job-1').keptFrom = keptFrom;
  const watch = world.connect().watchJob('job-1');
  await world.advance(4_000);
  return { world, watch };
}

for (const keptFrom of [2, 5, 11, 12]) {
  test(`of 12 statuses those from ${keptFrom} are shown when the earlier ones have expired`, async () => {
    const { world, watch } = await watched(12, keptFrom);
    const { updates, firstSequence, verdict, reason } = watch.getState();
    assert.deepEqual([firstSequence, updates.length, verdict, reason], [keptFrom, 13 - keptFrom, 'cut', 'log_expired']);
    world.service.commit('job-1', [STEP]);
    await world.advance(100);
    assert.equal(watch.getState().updates.length, 14 - keptFrom);
  });
}

test('a completely expired log is reported as expired', async () => {
  const { watch } = await watched(12, 13);
  const { updates, job, verdict } = watch.getState();
  assert.deepEqual([updates.length, job.sequence, verdict], [0, 12, 'cut']);
});

test('the history of a long log begins at its first remaining status', async () => {
  const { world, watch } = await watched(1_500, 337);
  const loading = watch.loadHistory();
  await world.advance(5_000);
  await loading;
  const { updates, firstSequence } = watch.getState();
  assert.deepEqual([firstSequence, updates.length], [337, 1_164]);
});
