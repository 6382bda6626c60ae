import './dom.ts';

import assert from 'node:assert/strict';
import test from 'node:test';

import type { JobState } from '../src/client/watchedJob.ts';
import { World } from './sim/world.ts';

const { JobStatusElement } = await import('../src/element/index.ts');

const GEO = { type: 'agent_status', status: 'agent_invoking', message: 'Reading <b>it</b>', agentName: 'Geo Agent' };

function placed(world: World, jobId: string): InstanceType<typeof JobStatusElement> {
  const element = new JobStatusElement();
  element.client = world.connect();
  element.setAttribute('job-id', jobId);
  document.body.append(element);
  return element;
}

const textOf = (element: Element, part: string) => element.shadowRoot?.querySelector(`[part="${part}"]`)?.textContent;

test('<job-status> shows the job, its agents and its progress', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO, { ...GEO, type: 'progress', status: 'progress', progress: 40, message: 'Half of it' }]);
  const element = placed(world, 'job-1');
  const states: JobState[] = [];
  element.addEventListener('statuschange', (event) => states.push((event as CustomEvent<JobState>).detail));
  await world.advance(2_000);
  assert.equal(textOf(element, 'state'), 'Running');
  const row = element.shadowRoot?.querySelector('li');
  assert.deepEqual(
    [...(row?.children ?? [])].map((child) => child.textContent),
    ['◐', 'Geo Agent', 'Running 40 %', 'Half of it']
  );
  assert.equal(states.at(-1), element.state);
  world.service.commit('job-1', [
    { ...GEO, status: 'agent_complete', message: '<img src=x>' },
    { type: 'complete', status: 'complete', message: 'Done' },
  ]);
  await world.advance(100);
  assert.equal(textOf(element, 'state'), 'Completed');
  assert.equal(element.shadowRoot?.querySelector('progress')?.getAttribute('value'), '100');
  assert.equal(element.shadowRoot?.querySelector('img'), null, 'text is never markup');
  assert.equal(element.shadowRoot?.querySelector('li'), row, 'a row stays the same element');
  element.client?.close();
  element.remove();
});

test("<job-status> shows waiting and cancelled agents, under the job's title", async () => {
  const world = new World();
  const metadata = JSON.stringify({ waiting: { for: 'approval', prompt: 'Send the crew?' } });
  world.service.commit('job-1', [
    { type: 'agent_status', status: 'loading_agents', message: 'Begins', metadata: '{"title": "Pothole on Valencia Street"}' },
    { ...GEO, status: 'waiting', message: 'Waits', metadata },
  ]);
  const element = placed(world, 'job-1');
  await world.advance(2_000);
  const row = () => [...(element.shadowRoot?.querySelector('li')?.children ?? [])].map((child) => child.textContent);
  assert.deepEqual([textOf(element, 'title'), textOf(element, 'state')], ['Pothole on Valencia Street', 'Waiting']);
  assert.deepEqual(row(), ['◷', 'Geo Agent', 'Waiting', 'Send the crew?']);
  world.service.commit('job-1', [{ type: 'error', status: 'cancelled', message: 'Not needed any more' }]);
  await world.advance(100);
  assert.equal(textOf(element, 'state'), 'Cancelled');
  assert.deepEqual(row().slice(0, 3), ['⊘', 'Geo Agent', 'Cancelled']);
  element.client?.close();
  element.remove();
});

test('<job-status> shows when it is disconnected, and watches nothing after its removal', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  const element = placed(world, 'job-1');
  await world.advance(2_000);
  assert.equal(textOf(element, 'note'), '');
  world.service.isDown = true;
  world.service.dropAll();
  await world.advance(1);
  assert.equal(textOf(element, 'note'), 'Connection lost. Trying again …');
  element.labels = { offline: 'Verbindung verloren' };
  assert.equal(textOf(element, 'note'), 'Verbindung verloren');
  world.service.isDown = false;
  element.remove();
  await world.advance(60_000);
  assert.equal(world.service.sockets.size, 0);
});

test('<job-status> shows an agent as unknown, not as lost, while it has no connection', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  const element = placed(world, 'job-1');
  await world.advance(2_000);
  world.service.isDown = true;
  world.service.dropAll();
  await world.advance(10 * 60_000);
  assert.equal(textOf(element, 'state'), 'Unknown');
  const agent = element.shadowRoot?.querySelector('li');
  assert.equal(agent?.querySelector('.agent-state')?.textContent, 'Unknown');
  assert.equal(agent?.querySelector('.mark')?.textContent, '?');
  world.service.isDown = false;
  await world.advance(60_000);
  assert.equal(textOf(element, 'state'), 'Lost');
  element.client?.close();
  element.remove();
});

test('<job-status> takes its labels at any time, also those and the client that it was given before it was defined', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  const element = new JobStatusElement();
  const early = { client: world.connect(), labels: { 'in-progress': 'In Arbeit' } };
  for (const [name, value] of Object.entries(early)) {
    Object.defineProperty(element, name, { value, configurable: true, writable: true, enumerable: true });
  }
  element.setAttribute('job-id', 'job-1');
  document.body.append(element);
  await world.advance(2_000);
  const label = () => element.shadowRoot?.querySelector('li .agent-state')?.textContent;
  assert.equal(label(), 'In Arbeit');
  element.labels = { 'in-progress': 'Wird bearbeitet' };
  assert.equal(label(), 'Wird bearbeitet');
  early.client.close();
  element.remove();
});

test('<job-status> follows another job when its attribute changes', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  world.service.commit('job-2', [GEO, { type: 'error', status: 'error', message: 'It broke' }]);
  const element = placed(world, 'job-1');
  await world.advance(2_000);
  element.setAttribute('job-id', 'job-2');
  await world.advance(2_000);
  assert.equal(textOf(element, 'title'), 'job-2');
  assert.equal(textOf(element, 'state'), 'Failed');
  element.client?.close();
  element.remove();
});

test('<job-status> shows delayed pushes, and an invalid job id', async () => {
  const world = new World();
  world.service.isPushing = false;
  const element = placed(world, 'job-1');
  await world.advance(3_000);
  world.service.commit('job-1', [GEO]);
  await world.advance(8_000);
  assert.equal(textOf(element, 'note'), 'Statuses arrive late.');
  element.setAttribute('job-id', 'x'.repeat(300));
  await world.advance(100);
  assert.equal(textOf(element, 'note'), 'No job can have this id.');
  element.client?.close();
  element.remove();
});

test('<job-status> can be read by a screen reader', async () => {
  const world = new World();
  const element = placed(world, 'job-1');
  await world.advance(1_000);
  assert.equal(element.shadowRoot?.querySelector('[role="status"]')?.tagName, 'SPAN');
  assert.equal(element.shadowRoot?.querySelector('progress')?.getAttribute('aria-label'), 'Progress');
  assert.equal(element.shadowRoot?.querySelector('ul')?.getAttribute('aria-label'), 'Agents');
  element.client?.close();
  element.remove();
});
