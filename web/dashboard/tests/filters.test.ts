import assert from 'node:assert/strict';
import test from 'node:test';
import { countOf, FILTERS, shownAgents } from '../src/agents/agentFilter.ts';
import { matching, nowDoing } from '../src/jobs/jobFilter.ts';
import { filtered } from '../src/log/logFilter.ts';
import { countsOf, fits, leaseOf, shownJob, sumsOf } from '../src/tenant/tenantFilter.ts';
import type { AgentState, Job, TenantJob } from '../src/types.ts';
import { listedJob, logOf, START, statusOf } from './statuses.ts';

const known = { stateOf: ({ overallStatus }: Job) => overallStatus, textOf: () => '' };
const idsOf = (jobs: readonly Job[]) => jobs.map(({ jobId }) => jobId);

test('jobs are listed once each, newest first, with the newest known of each', () => {
  const old = listedJob('a', { sequence: 1 });
  const now = listedJob('a', { sequence: 5, overallStatus: 'failed' });
  const newer = listedJob('b', { createdAt: '2026-11-20T10:00:00.000Z' });
  const jobs = matching([[old, newer], [now]], 'all', '', known);
  assert.deepEqual(idsOf(jobs), ['b', 'a']);
  assert.equal(jobs[1], now);
});

test('a job that was not committed yet stands first', () => {
  assert.deepEqual(idsOf(matching([[listedJob('a'), listedJob('b', { createdAt: null })]], 'all', '', known)), ['b', 'a']);
});

test('jobs are found by state, id, names, text, and what their agents do', () => {
  const jobs = [
    listedJob('one', { overallStatus: 'completed', correlationId: 'req-77' }),
    listedJob('two', { overallStatus: 'initializing' }),
    listedJob('four', { overallStatus: 'processing' }),
    listedJob('three', { agents: [{ name: 'Geo Agent', activity: 'Reading the map', status: 'in-progress' } as AgentState] }),
  ];
  const found = (state: Parameters<typeof matching>[1], search: string) =>
    idsOf(
      matching([jobs], state, search, {
        stateOf: ({ jobId, overallStatus }) => (jobId === 'four' ? 'lost' : overallStatus),
        textOf: ({ jobId }) => (jobId === 'two' ? 'Burst water main' : ''),
      })
    ).sort();
  assert.deepEqual(found('running', ''), ['three', 'two']);
  assert.deepEqual(found('silent', ''), ['four']);
  assert.deepEqual(found('completed', ''), ['one']);
  assert.deepEqual(found('all', 'REQ-77'), ['one']);
  assert.deepEqual(found('all', 'main water'), ['two']);
  assert.deepEqual(found('all', 'geo map'), ['three']);
  assert.deepEqual(found('failed', 'geo'), []);
});

test('what a job does now is what its newest working agent says', () => {
  const agents = [
    { name: 'A', activity: 'one', status: 'in-progress' },
    { name: 'B', activity: 'two', status: 'in-progress' },
    { name: 'C', activity: 'done', status: 'success' },
  ] as AgentState[];
  assert.equal(nowDoing(listedJob('a', { agents })), 'B: two');
  assert.equal(nowDoing(listedJob('a')), null);
});

test('the log is narrowed by agent, kind and words; unnarrowed it is the same list', () => {
  const log = logOf(
    [0, null, 'loading_agents'],
    [1, 'Geo', 'calling_tool', { toolName: 'map', message: 'Where?' }],
    [2, 'Geo', 'agent_error', { message: 'No such street' }],
    [3, 'Category', 'agent_complete', { invocationId: 'c-1' }]
  );
  const shown = (filter: Partial<Parameters<typeof filtered>[1]>) =>
    filtered(log, { kind: 'all', invocationId: null, text: '', ...filter }).map(({ sequence }) => sequence);
  assert.equal(filtered(log, { kind: 'all', invocationId: null, text: ' ' }), log);
  assert.deepEqual(shown({ kind: 'tools' }), [2]);
  assert.deepEqual(shown({ kind: 'errors' }), [3]);
  assert.deepEqual(shown({ invocationId: 'c-1' }), [4]);
  assert.deepEqual(shown({ text: 'STREET geo' }), [3]);
  assert.deepEqual(shown({ text: 'orchestrator' }), [1]);
});

test('silent agents are stale, then lost, unless they wait; those of an ended job are not finished', () => {
  const lease = new Date(START).toISOString();
  const agents = [
    { invocationId: 'a', status: 'in-progress', leaseExpiresAt: lease, completedAt: null, waiting: null },
    { invocationId: 'b', status: 'success', leaseExpiresAt: null, completedAt: lease, waiting: null },
    { invocationId: 'c', status: 'in-progress', leaseExpiresAt: null, completedAt: null, waiting: { for: 'approval' } },
  ] as AgentState[];
  const states = (overallStatus: Job['overallStatus'], second: number) =>
    shownAgents(listedJob('a', { agents, overallStatus }), START + second * 1000).map(({ state }) => state);
  assert.deepEqual(states('processing', -1), ['in-progress', 'success', 'waiting']);
  assert.deepEqual(states('processing', 1), ['stale', 'success', 'waiting']);
  assert.deepEqual(states('processing', 241), ['lost', 'success', 'waiting']);
  assert.deepEqual(states('failed', 241), ['unfinished', 'success', 'unfinished']);
});

test('neither silent agents nor those that an ended job left behind count as running', () => {
  const agents = [
    { status: 'in-progress', leaseExpiresAt: new Date(START).toISOString(), completedAt: null, waiting: null },
  ] as AgentState[];
  const counts = (overallStatus: Job['overallStatus'], second: number) => {
    const shown = shownAgents(listedJob('a', { agents, overallStatus }), START + second * 1000);
    return FILTERS.filter(({ key }) => countOf(shown, key) > 0).map(({ key }) => key);
  };
  assert.deepEqual(counts('processing', -1), ['all', 'running']);
  assert.deepEqual(counts('processing', 1), ['all', 'silent']);
  assert.deepEqual(counts('failed', 1), ['all', 'unfinished']);
});

test('a tenant’s jobs are counted and found', () => {
  const job = (jobId: string, overallStatus: TenantJob['overallStatus'], userId: string): TenantJob => {
    const last = statusOf(1, 0, { jobId, userId, agentName: 'Geo Agent', message: 'Reading' });
    return { jobId, userId, overallStatus, last, sequence: 1 } as TenantJob;
  };
  const all = [job('a', 'processing', 'ana'), job('b', 'failed', 'ana'), job('c', 'completed', 'ben')];
  const shown = (second: number) => all.map((each) => shownJob(each, START + second * 1000, null));
  const jobs = shown(10);
  assert.deepEqual(sumsOf(jobs), { running: 1, silent: 0, waiting: 0, users: 2 });
  assert.deepEqual(sumsOf(shown(100)), { running: 0, silent: 1, waiting: 0, users: 2 });
  assert.deepEqual(jobs.filter((each) => fits(each, 'running', 'geo')).length, 1);
  assert.deepEqual(jobs.filter((each) => fits(each, 'all', 'ben')).length, 1);
});

test('the numbers of the store are summed by what they mean, and say where it counted no further', () => {
  const count = (overallStatus: Job['overallStatus'], number: number, isExact = true) => ({
    overallStatus,
    count: number,
    isExact,
  });
  assert.deepEqual(
    countsOf([count('initializing', 1), count('processing', 2), count('failed', 0), count('completed', 1000, false)]),
    [
      ['Running', '3'],
      ['Failed', '0'],
      ['Cancelled', '0'],
      ['Completed', '1000+'],
    ]
  );
});

test('a status says itself how long silence after it is normal', () => {
  const until = (metadata: Record<string, unknown> | null) => (Date.parse(leaseOf(statusOf(1, 0, { metadata }))) - START) / 1000;
  assert.deepEqual(
    [until(null), until({ leaseSeconds: 600 }), until({ leaseSeconds: 1 }), until({ leaseSeconds: 'x' })],
    [75, 600, 75, 75]
  );
});
