import './dom.ts';

import assert from 'node:assert/strict';
import test from 'node:test';
import { act, createElement, StrictMode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { renderToString } from 'react-dom/server';

import type { Client } from '../src/client/client.ts';
import { oncePerFrame } from '../src/react/frames.ts';
import { useJob, useJobs, useJobWatch, useTenant } from '../src/react/index.ts';
import { World } from './sim/world.ts';

const GEO = { type: 'agent_status', status: 'agent_invoking', message: 'Reading', agentName: 'Geo Agent' };
const DONE = { type: 'complete', status: 'complete', message: 'Done' };

let renders = 0;

function JobLine({ client, jobId }: { client: Client; jobId: string }) {
  const { job, verdict } = useJob(client, jobId);
  renders += 1;
  return createElement('p', null, `${job.jobId} ${job.overallStatus} ${job.sequence} ${verdict}`);
}

function JobList({ client }: { client: Client }) {
  const { jobs } = useJobs(client);
  return createElement('p', null, jobs.map(({ jobId, overallStatus }) => `${jobId} ${overallStatus}`).join(', '));
}

async function mounted(): Promise<{ root: Root; text: () => string | null }> {
  const container = document.createElement('div');
  return { root: createRoot(container), text: () => container.textContent };
}

test('useJob shows a job and each change of it', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  const client = world.connect();
  const { root, text } = await mounted();
  await act(async () => root.render(createElement(JobLine, { client, jobId: 'job-1' })));
  assert.equal(text(), 'job-1 initializing 0 joining');
  await act(() => world.advance(2_000));
  assert.equal(text(), 'job-1 processing 1 whole');
  const before = renders;
  await act(() => world.advance(60_000));
  assert.equal(renders, before, 'position checks that find nothing render nothing');
  world.service.commit('job-1', [DONE]);
  await act(() => world.advance(100));
  assert.equal(text(), 'job-1 completed 2 whole');
  await act(async () => root.unmount());
  await world.advance(20_000);
  assert.equal(world.service.sockets.size, 0);
});

test('in strict mode, which mounts twice, there is still one subscription; another id is another job', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  world.service.commit('job-2', [GEO, DONE]);
  const client = world.connect();
  const { root, text } = await mounted();
  const page = (jobId: string) => createElement(StrictMode, null, createElement(JobLine, { client, jobId }));
  await act(async () => root.render(page('job-1')));
  await act(() => world.advance(2_000));
  assert.equal(world.service.starts, 1);
  await act(async () => root.render(page('job-2')));
  await act(() => world.advance(2_000));
  assert.equal(text(), 'job-2 completed 2 whole');
  await act(async () => root.unmount());
  client.close();
});

test('useJobs lists the jobs of the user', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  const client = world.connect();
  const { root, text } = await mounted();
  await act(async () => root.render(createElement(JobList, { client })));
  await act(() => world.advance(2_000));
  assert.equal(text(), 'job-1 processing');
  world.service.commit('job-1', [DONE]);
  await act(() => world.advance(200));
  assert.equal(text(), 'job-1 completed');
  await act(async () => root.unmount());
  client.close();
});

test('useJobWatch returns the watch, and watches nothing without an id', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO, DONE]);
  const client = world.connect();
  let then: number | undefined;
  function Then({ jobId }: { jobId: string | null }) {
    const state = useJob(client, jobId);
    const watch = useJobWatch(client, jobId);
    then = state === null ? undefined : watch?.at(1)?.sequence;
    return null;
  }
  const { root } = await mounted();
  await act(async () => root.render(createElement(Then, { jobId: null })));
  await act(() => world.advance(1_000));
  assert.equal(world.opened.length, 0);
  await act(async () => root.render(createElement(Then, { jobId: 'job-1' })));
  await act(() => world.advance(2_000));
  assert.equal(then, 1);
  await act(async () => root.unmount());
  client.close();
});

test('useTenant receives every job of the tenant, and useJobs without a client none', async () => {
  const world = new World();
  const client = world.connect();
  function Operator() {
    const { jobs } = useTenant(client);
    const mine = useJobs(null);
    return createElement('p', null, `${jobs.map(({ jobId }) => jobId)} ${mine.jobs.length}`);
  }
  const { root, text } = await mounted();
  await act(async () => root.render(createElement(Operator)));
  await act(() => world.advance(2_000));
  world.service.commit('job-7', [GEO]);
  await act(() => world.advance(200));
  assert.equal(text(), 'job-7 0');
  assert.ok(world.asked.every(({ query }) => !query.includes('listJobs')));
  await act(async () => root.unmount());
  client.close();
});

test('many changes between two frames notify once', () => {
  const frames: (() => void)[] = [];
  let tell = () => {};
  const told: number[] = [];
  const subscribe = oncePerFrame(
    (listener) => {
      tell = listener;
      return () => undefined;
    },
    { request: (draw) => frames.push(draw) }
  );
  const end = subscribe(() => told.push(1));
  tell();
  tell();
  assert.equal(frames.length, 1);
  frames.shift()?.();
  tell();
  assert.equal(frames.length, 1);
  end();
  frames.shift()?.();
  assert.equal(told.length, 1);
});

test('on a server, a job renders as one that is being joined', () => {
  const world = new World();
  assert.equal(
    renderToString(createElement(JobLine, { client: world.connect(), jobId: 'job-1' })),
    '<p>job-1 initializing 0 joining</p>'
  );
  assert.equal(world.asked.length, 0);
});
