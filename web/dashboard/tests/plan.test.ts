import assert from 'node:assert/strict';
import test from 'node:test';
import { fold, jobView } from '@statusbeam/client';
import { place } from '../src/graph/place.ts';
import { hasGraph, planOf } from '../src/graph/plan.ts';
import type { AgentState, Job } from '../src/types.ts';
import { logOf, START } from './statuses.ts';

const NOBODY: ReadonlySet<string> = new Set();
const drawn = (job: Job, second = 60, expanded = NOBODY) =>
  planOf(job, { nowMs: START + second * 1000, disconnectedSinceMs: null, expanded });
const PLAN = [
  'Look',
  { name: 'Short', dependsOn: ['Look'] },
  { name: 'Long', dependsOn: ['Look'] },
  { name: 'Write', dependsOn: ['Short', 'Long'] },
];

function jobOf(agents: Partial<AgentState>[]): Job {
  const full = agents.map((agent) => ({
    name: agent.invocationId as string,
    parentInvocationId: null,
    status: 'pending',
    startedAt: null,
    completedAt: null,
    duration: null,
    dependsOn: null,
    ...agent,
  }));
  return { ...jobView(fold([])), overallStatus: 'processing', agents: full as AgentState[] };
}

test('each step is ready, running, done, or names its missing dependencies', () => {
  const log = logOf(
    [0, null, 'loading_agents', { metadata: { plan: PLAN } }],
    [1, 'Look', 'agent_invoking'],
    [5, 'Look', 'agent_complete'],
    [6, 'Long', 'agent_invoking']
  );
  assert.deepEqual(
    drawn(jobView(fold(log)), 8).nodes.map(({ name, state, waitsFor }) => [name, state, waitsFor]),
    [
      ['Look', 'success', []],
      ['Short', 'ready', []],
      ['Long', 'in-progress', []],
      ['Write', 'pending', ['Short', 'Long']],
    ]
  );
  assert.equal(hasGraph(jobView(fold(log)).agents), true);
  assert.equal(hasGraph(jobView(fold(logOf([1, 'A', 'agent_invoking']))).agents), false);
});

test('the longest path is the one that takes the most time', () => {
  const log = logOf(
    [0, null, 'loading_agents', { metadata: { plan: PLAN } }],
    [0, 'Look', 'agent_invoking'],
    [5, 'Look', 'agent_complete'],
    [5, 'Short', 'agent_invoking'],
    [5, 'Long', 'agent_invoking'],
    [6, 'Short', 'agent_complete'],
    [40, 'Long', 'agent_complete']
  );
  const { nodes, edges } = drawn(jobView(fold(log)), 41);
  assert.deepEqual(
    nodes.filter(({ isCritical }) => isCritical).map(({ name }) => name),
    ['Look', 'Long', 'Write']
  );
  assert.deepEqual(
    edges.filter(({ isCritical }) => isCritical).map(({ from, to }) => [from, to]),
    [
      ['Look', 'Long'],
      ['Long', 'Write'],
    ]
  );
});

test('in a large plan, children are grouped in their parent until it is opened', () => {
  const children = Array.from({ length: 30 }, (_, number) => ({
    invocationId: `child-${number}`,
    parentInvocationId: 'parent',
    status: number === 7 ? ('error' as const) : ('success' as const),
  }));
  const job = jobOf([
    { invocationId: 'parent', status: 'success' },
    ...children,
    { invocationId: 'last', dependsOn: ['parent'] },
  ]);
  const closed = drawn(job);
  assert.deepEqual(
    closed.nodes.map(({ id, hidden, state }) => [id, hidden, state]),
    [
      ['parent', 30, 'error'],
      ['last', 0, 'ready'],
    ]
  );
  const open = drawn(job, 60, new Set(['parent']));
  assert.equal(open.nodes.length, 32);
  assert.deepEqual([open.nodes[0]?.hidden, open.nodes[0]?.isExpanded], [30, true]);
});

test('200 equal agents are grouped, and can be opened', () => {
  const workers = Array.from({ length: 200 }, (_, number) => ({ invocationId: `Worker ${number}`, dependsOn: ['Split'] }));
  const names = workers.map(({ invocationId }) => invocationId);
  const job = jobOf([{ invocationId: 'Split', status: 'success' }, ...workers, { invocationId: 'Join', dependsOn: names }]);
  const closed = drawn(job);
  assert.deepEqual(
    closed.nodes.map(({ name, hidden }) => [name, hidden]),
    [
      ['Split', 0],
      ['Worker', 200],
      ['Join', 0],
    ]
  );
  const group = closed.nodes[1]?.id as string;
  assert.equal(drawn(job, 60, new Set([group])).nodes.length, 202);
});

test('a plan with cycles, unknown dependencies or own parents is drawn', () => {
  const job = jobOf([
    { invocationId: 'a', dependsOn: ['b'], parentInvocationId: 'a' },
    { invocationId: 'b', dependsOn: ['a', 'nobody', '__proto__'], parentInvocationId: 'c' },
    { invocationId: 'c', parentInvocationId: 'b', dependsOn: ['c'] },
    { invocationId: 'constructor', dependsOn: ['toString'] },
  ]);
  const plan = drawn(job);
  assert.equal(plan.nodes.length, 4);
  const placed = place(plan);
  assert.ok(
    placed.width > 0 && plan.edges.every((edge) => placed.paths.get(JSON.stringify([edge.from, edge.to]))?.startsWith('M'))
  );
});
