import assert from 'node:assert/strict';
import test from 'node:test';

import { isOver, viewOf } from '../jobview.js';
import { statusOf } from './statuses.js';

const entriesOf = (...updates) => updates.map((update, index) => ({ sequence: index + 1, update: statusOf(index + 1, update) }));
const geo = (status, more = {}) => ({ status, agentName: 'Geo Agent', invocationId: 'job-1-geo', attempt: 1, ...more });

test('a job without a status is waiting', () => {
  assert.equal(viewOf([]).overall, 'waiting');
});

test('the plan shows agents before they begin', () => {
  const plan = JSON.stringify({ plan: [{ name: 'Geo Agent', invocationId: 'job-1-geo' }, { name: 'Category Agent' }] });
  const view = viewOf(entriesOf({ status: 'loading_agents', metadata: plan }));
  assert.equal(view.overall, 'initializing');
  assert.deepEqual(view.agents.map(({ name, state }) => [name, state]), [['Geo Agent', 'pending'], ['Category Agent', 'pending']]);
});

test('a planned agent and its run are one', () => {
  const plan = JSON.stringify({ plan: [{ name: 'Geo Agent', invocationId: 'job-1-geo' }] });
  const view = viewOf(entriesOf({ status: 'loading_agents', metadata: plan }, geo('agent_invoking')));
  assert.equal(view.agents.length, 1);
  assert.equal(view.agents[0].state, 'in-progress');
});

test('an agent goes through its tools to its end', () => {
  const view = viewOf(
    entriesOf(
      geo('agent_invoking'),
      geo('calling_tool', { toolName: 'map', message: 'Where is it?' }),
      geo('progress', { progress: 50 }),
      geo('agent_complete', { message: 'Found', executionTimeMs: 840 })
    )
  );
  const [agent] = view.agents;
  assert.deepEqual(agent.tools, [{ name: 'map', reason: 'Where is it?' }]);
  assert.equal(agent.state, 'success');
  assert.equal(agent.milliseconds, 840);
  assert.equal(agent.activity, 'Found');
});

test('a newer attempt replaces the one before, and late news of the old one changes nothing', () => {
  const view = viewOf(
    entriesOf(
      geo('agent_error', { message: 'Failed' }),
      geo('agent_invoking', { attempt: 2 }),
      geo('agent_error', { attempt: 1 }),
      geo('agent_complete', { attempt: 2 })
    )
  );
  assert.equal(view.agents.length, 1);
  assert.equal(view.agents[0].attempt, 2);
  assert.equal(view.agents[0].state, 'success');
});

test('late news after the end of an attempt does not bring it back', () => {
  const view = viewOf(entriesOf(geo('agent_complete'), geo('progress', { progress: 10 })));
  assert.equal(view.agents[0].state, 'success');
});

test('two runs of one agent are two', () => {
  const view = viewOf(entriesOf(geo('agent_invoking'), geo('agent_invoking', { invocationId: 'job-1-geo-b' })));
  assert.equal(view.agents.length, 2);
});

test('complete and error end the job for good', () => {
  const workOrder = { department: 'Street Repair' };
  const done = viewOf(
    entriesOf({ status: 'complete', metadata: JSON.stringify({ workOrder }) }, { status: 'validating' })
  );
  assert.equal(done.overall, 'completed');
  assert.deepEqual(done.workOrder, workOrder);
  const failed = viewOf(entriesOf({ status: 'error', message: 'It stopped.' }, { status: 'complete' }));
  assert.equal(failed.overall, 'failed');
  assert.equal(failed.message, 'It stopped.');
  assert.ok(isOver(done) && isOver(failed));
});

test('phases move on with the orchestrator', () => {
  assert.equal(viewOf(entriesOf({ status: 'loading_agents' })).phase, 'loading_agents');
  assert.equal(viewOf(entriesOf({ status: 'loading_agents' }, geo('agent_invoking'))).phase, 'agents');
  assert.equal(viewOf(entriesOf(geo('agent_complete'), { status: 'validating' })).phase, 'validating');
});

test('metadata that is no JSON is no metadata', () => {
  assert.equal(viewOf(entriesOf({ status: 'complete', metadata: '{' })).workOrder, null);
});
