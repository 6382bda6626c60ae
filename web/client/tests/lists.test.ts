// Lists of jobs: what they ask for, and what pushes make of them.

import assert from 'node:assert/strict';
import test from 'node:test';

import type { Client } from '../src/index.ts';
import { countTenantJobs, listJobs, listTenantJobs, watchTenant, watchUser } from '../src/lists/index.ts';
import { World } from './sim/world.ts';

const GEO = { type: 'agent_status', status: 'agent_invoking', message: 'Reading', agentName: 'Geo Agent' };
const DONE = { type: 'complete', status: 'complete', message: 'Done', metadata: '{"result": {"rows": [1, 2]}, "opened": 0}' };

/** A client that answers as given, and what it was asked. */
function answering(answer: object): { client: Client; asked: [string, object][] } {
  const asked: [string, object][] = [];
  const query = (document: string, variables: object) => {
    asked.push([document, variables]);
    return Promise.resolve(answer);
  };
  return { client: { query } as unknown as Client, asked };
}

test('filters go to the server, and the result of a listed job is a value', async () => {
  const jobs = [{ jobId: 'job-1', title: 'Pothole', result: '{"rows": [1]}' }];
  const { client, asked } = answering({ listJobs: { jobs, nextToken: 'more' } });
  const page = await listJobs(client, { workflow: 'complaints', search: 'pot', createdAfter: '2026-11-20T00:00:00.000Z' });
  assert.deepEqual([page.jobs[0]?.title, page.jobs[0]?.result, page.nextToken], ['Pothole', { rows: [1] }, 'more']);
  assert.match(asked[0]?.[0] ?? '', /listJobs\(/);
  assert.deepEqual(asked[0]?.[1], { limit: 20, workflow: 'complaints', search: 'pot', createdAfter: '2026-11-20T00:00:00.000Z' });
});

test('a filtered list has only matching jobs, read or pushed', async () => {
  const world = new World();
  const titled = (title: string) => ({
    type: 'agent_status',
    status: 'loading_agents',
    message: 'Begins',
    metadata: JSON.stringify({ title, workflow: title === 'Pothole' ? 'complaints' : 'reports' }),
  });
  world.service.commit('job-1', [titled('Pothole')]);
  world.service.commit('job-2', [titled('Market report')]);
  const client = world.connect();
  const watches = [
    { search: 'pot' },
    { workflow: 'complaints' },
    { createdBefore: new Date(world.clock.now + 60_000).toISOString() },
    { createdAfter: new Date(world.clock.now + 60_000).toISOString() },
  ].map((filters) => watchUser(client, filters));
  await world.advance(100_000);
  const found = () =>
    watches.map((watch) =>
      watch
        .getState()
        .jobs.map(({ jobId }) => jobId)
        .sort()
    );
  assert.deepEqual(found(), [['job-1'], ['job-1'], ['job-1', 'job-2'], []]);
  world.service.commit('job-3', [titled('Pothole')]);
  await world.advance(500);
  assert.deepEqual(found(), [['job-1', 'job-3'], ['job-1', 'job-3'], ['job-1', 'job-2'], ['job-3']]);
});

test('a filtered list reads further pages if the newest jobs do not match, a few at once', async () => {
  const world = new World();
  const begins = (workflow: string) => [
    { type: 'agent_status', status: 'loading_agents', message: 'Begins', metadata: JSON.stringify({ workflow }) },
  ];
  world.service.commit('oldest', begins('reports'));
  for (let number = 0; number < 16; number += 1) {
    world.service.commit(`job-${number}`, begins(number === 12 ? 'reports' : 'complaints'));
    await world.advance(10);
  }
  const watch = watchUser(world.connect(), { workflow: 'reports', pageSize: 3 });
  await world.advance(2_000);
  const listed = () => watch.getState().jobs.map(({ jobId }) => jobId);
  assert.deepEqual([listed(), watch.getState().hasMore], [['job-12'], true]);
  void watch.loadMore();
  await world.advance(2_000);
  assert.deepEqual([listed(), watch.getState().hasMore], [['job-12', 'oldest'], false]);
});

test("operators read the tenant's jobs and their numbers", async () => {
  const counts = [{ overallStatus: 'failed', count: 3, isExact: true }];
  const { client, asked } = answering({ listTenantJobs: { jobs: [], nextToken: null }, countTenantJobs: counts });
  assert.deepEqual(await listTenantJobs(client), { jobs: [], nextToken: null });
  assert.deepEqual(await countTenantJobs(client, { createdAfter: '2026-11-20T00:00:00.000Z' }), counts);
  assert.deepEqual(
    asked.map(([, variables]) => variables),
    [{ limit: 20 }, { createdAfter: '2026-11-20T00:00:00.000Z' }]
  );
});

test('a listed job that has ended keeps its result when a status comes after its end', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO, DONE]);
  const watch = watchUser(world.connect());
  await world.advance(2_000);
  assert.deepEqual(watch.getState().jobs[0]?.result, { rows: [1, 2] });
  world.service.commit('job-1', [{ ...GEO, metadata: '{"afterEnd": true}' }]);
  await world.advance(200);
  const [job] = watch.getState().jobs;
  assert.deepEqual([job?.sequence, job?.overallStatus, job?.result], [3, 'completed', { rows: [1, 2] }]);
});

test("the tenant's jobs show cancelled and rerun jobs, and no statuses after an end", async () => {
  const world = new World();
  const watch = watchTenant(world.connect());
  await world.advance(2_000);
  const after = async (...statuses: (typeof GEO & { metadata?: string })[]) => {
    world.service.commit('job-1', statuses);
    await world.advance(200);
    return watch.getState().jobs[0]?.overallStatus;
  };
  const ended = { ...GEO, agentName: '', type: 'error', status: 'cancelled' };
  assert.equal(await after(GEO), 'processing');
  assert.equal(await after(ended), 'cancelled');
  assert.equal(await after({ ...GEO, metadata: '{"afterEnd": true}' }), 'cancelled');
  assert.equal(await after({ ...GEO, agentName: '', status: 'loading_agents', metadata: '{"run": "b.1"}' }), 'processing');
});

test('cancelling calls the service, and the request arrives as a status of the job', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  const client = world.connect();
  const watch = client.watchJob('job-1');
  await world.advance(2_000);
  const asking = client.cancelJob('job-1', 'Twice reported');
  await world.advance(500);
  await asking;
  const { job } = watch.getState();
  assert.deepEqual(
    [job.overallStatus, job.cancelRequest?.by, job.cancelRequest?.reason],
    ['processing', 'ana', 'Twice reported']
  );
  await assert.rejects(client.cancelJob(''), { code: 'bad_request' });
});

test('an answer calls the service, and ends the wait as a status of the agent', async () => {
  const world = new World();
  const asks = JSON.stringify({ waiting: { for: 'approval', prompt: 'Close the street?', answerable: true } });
  world.service.commit('job-1', [{ ...GEO, invocationId: 'i1', status: 'waiting', metadata: asks }]);
  const client = world.connect();
  const watch = client.watchJob('job-1');
  await world.advance(2_000);
  assert.equal(watch.getState().job.waiting?.answerable, true);
  const answering = client.answerWaiting('job-1', { invocationId: 'i1', approved: false, comment: 'Too loud' });
  await world.advance(500);
  await answering;
  const { job, updates } = watch.getState();
  assert.equal(job.waiting, null);
  assert.deepEqual(updates.at(-1)?.metadata, { answer: { approved: false, by: 'ana', comment: 'Too loud' } });
});
