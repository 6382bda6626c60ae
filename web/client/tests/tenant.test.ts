// What operators see of a tenant: its agents, and how much it reports.

import assert from 'node:assert/strict';
import test from 'node:test';

import { watchTenant } from '../src/lists/index.ts';
import { World } from './sim/world.ts';

const GEO = { type: 'agent_status', status: 'agent_invoking', message: 'Reading', agentName: 'Geo Agent' };
const FAILED = { ...GEO, status: 'agent_error', message: 'No such street' };
const DONE = { type: 'complete', status: 'complete', message: 'Done' };
const MINUTE_MS = 60_000;

async function watched(world: World) {
  const watch = watchTenant(world.connect());
  await world.advance(2_000);
  const agents = () =>
    watch.getState().snapshots.flatMap(({ jobId, agents }) => agents.map(({ name, status }) => `${jobId} ${name} ${status}`));
  return { watch, agents };
}

test('the agents of a job that began before the watch are read once, and pushes update them', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  const { watch, agents } = await watched(world);
  watch.readAgents(['job-1']);
  await world.advance(1_000);
  assert.deepEqual(agents(), ['job-1 Geo Agent in-progress']);
  const asked = world.asked.length;
  watch.readAgents(['job-1']);
  world.service.commit('job-1', [FAILED]);
  await world.advance(1_000);
  assert.deepEqual(agents(), ['job-1 Geo Agent error']);
  assert.equal(world.asked.length, asked, 'by its push');
});

test('a push that arrives while its job is read is not lost', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  const { watch, agents } = await watched(world);
  world.service.way = () => 500;
  watch.readAgents(['job-1']);
  await world.advance(600); // the answer is on its way
  world.service.way = () => 10;
  world.service.commit('job-1', [FAILED]);
  await world.advance(2_000);
  assert.deepEqual(agents(), ['job-1 Geo Agent error']);
});

test('a job is read again when a push shows that others were lost', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  const { watch, agents } = await watched(world);
  watch.readAgents(['job-1']);
  await world.advance(1_000);
  world.service.isPushing = false;
  world.service.commit('job-1', [FAILED]);
  world.service.isPushing = true;
  world.service.commit('job-1', [{ ...GEO, agentName: 'Severity Agent' }]);
  await world.advance(2_000);
  assert.deepEqual(agents(), ['job-1 Geo Agent error', 'job-1 Severity Agent in-progress']);
});

test('a job that cannot be read is counted, and read when it can be', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  const { watch, agents } = await watched(world);
  world.service.badIds.add('job-1');
  watch.readAgents(['job-1']);
  await world.advance(1_000);
  assert.deepEqual([agents(), watch.getState().unread, watch.getState().error], [[], 1, null]);
  world.service.badIds.clear();
  watch.readAgents(['job-1']);
  await world.advance(1_000);
  assert.deepEqual([agents(), watch.getState().unread], [['job-1 Geo Agent in-progress'], 0]);
});

test('statuses and ended jobs are counted by the minute, also statuses whose pushes were lost', async () => {
  const world = new World();
  const { watch } = await watched(world);
  const counted = () => watch.getState().minutes.map(({ statuses, endedJobs }) => [statuses, endedJobs]);
  assert.equal(watch.getState().sinceMs, world.clock.now - 2_000);
  await world.advance(MINUTE_MS - (world.clock.now % MINUTE_MS));
  world.service.commit('job-1', [GEO, GEO]);
  await world.advance(1_000);
  world.service.isPushing = false;
  world.service.commit('job-1', [GEO, GEO]);
  world.service.isPushing = true;
  world.service.commit('job-1', [GEO]);
  await world.advance(1_000);
  assert.deepEqual(counted(), [[5, 0]]);
  await world.advance(2 * MINUTE_MS);
  world.service.commit('job-1', [DONE]);
  await world.advance(1_000);
  assert.deepEqual(counted(), [
    [5, 0],
    [1, 1],
  ]);
  const [first, last] = watch.getState().minutes;
  assert.equal((last?.startMs ?? 0) - (first?.startMs ?? 0), 2 * MINUTE_MS);
  await world.advance(58 * MINUTE_MS);
  world.service.commit('job-1', [{ ...GEO, metadata: '{"afterEnd": true}' }]);
  await world.advance(1_000);
  assert.deepEqual(counted(), [
    [1, 1],
    [1, 0],
  ]);
});

test('jobs read for an operator are dropped with their login, and so are late answers', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  world.service.commit('job-2', [GEO]);
  const state = { sub: 'ana' };
  const token = () => world.service.newToken(world.clock.now / 1000 + 3_600, state.sub);
  const client = world.connect({ auth: { type: 'cognito', token } });
  const watch = watchTenant(client);
  await world.advance(2_000);
  watch.readAgents(['job-1']);
  await world.advance(1_000);
  assert.equal(watch.getState().snapshots.length, 1);
  world.service.way = () => 6_000;
  watch.readAgents(['job-2']);
  await world.advance(6_500);
  world.service.way = () => 10;
  state.sub = 'boris';
  world.service.expireTokens();
  client.query('{ position }').catch(() => undefined); // its token is refused: the callback gives one of boris
  await world.advance(20_000);
  const { snapshots, unread, minutes } = watch.getState();
  assert.deepEqual([snapshots, unread, minutes], [[], 0, []]);
});

test('a lost push of a silent job is recovered', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  const { watch, agents } = await watched(world);
  watch.readAgents(['job-1']);
  await world.advance(1_000);
  world.service.isPushing = false;
  world.service.commit('job-1', [FAILED]);
  world.service.isPushing = true;
  await world.advance(7 * MINUTE_MS);
  assert.deepEqual(agents(), ['job-1 Geo Agent error']);
});

test('above the limit of read jobs, their order causes no repeated reads; jobs that are no longer named make room', async () => {
  const world = new World();
  const ids = Array.from({ length: 105 }, (_, number) => `job-${number}`);
  for (const jobId of ids) {
    world.service.commit(jobId, [GEO]);
  }
  const { watch } = await watched(world);
  const asked = () => world.asked.filter(({ query }) => query.includes('getJob')).length;
  watch.readAgents(ids);
  await world.advance(10_000);
  assert.deepEqual([watch.getState().snapshots.length, asked()], [100, 100]);
  watch.readAgents(ids.toReversed());
  await world.advance(10_000);
  assert.equal(asked(), 100);
  watch.readAgents(ids.slice(5));
  await world.advance(10_000);
  const read = watch.getState().snapshots.map(({ jobId }) => jobId);
  assert.deepEqual([read.toSorted(), asked()], [ids.slice(5).toSorted(), 105]);
});
