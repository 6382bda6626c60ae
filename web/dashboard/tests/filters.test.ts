import assert from 'node:assert/strict';
import test from 'node:test';
import { countOf, FILTERS, shownAgents } from '../src/agents/agentFilter.ts';
import { durationOf, matching, nowDoing, pauseOf, type StateFilter, workflowsOf } from '../src/jobs/jobFilter.ts';
import { filtered } from '../src/log/logFilter.ts';
import { countsOf, fits, leaseOf, newestKnown, shownJob, sumsOf, workflowCounts } from '../src/tenant/tenantFilter.ts';
import type { AgentState, Job, TenantJob } from '../src/types.ts';
import { listedJob, logOf, START, statusOf } from './statuses.ts';

const known = { stateOf: ({ overallStatus }: Job) => overallStatus, textOf: () => '' };
const ALL = { filter: 'all', search: '' } as const;
const idsOf = (jobs: readonly Job[]) => jobs.map(({ jobId }) => jobId);

test('jobs are listed once each, newest first, with the newest known of each', () => {
  const old = listedJob('a', { sequence: 1 });
  const now = listedJob('a', { sequence: 5, overallStatus: 'failed' });
  const newer = listedJob('b', { createdAt: '2026-11-20T10:00:00.000Z' });
  const jobs = matching([[old, newer], [now]], ALL, known);
  assert.deepEqual(idsOf(jobs), ['b', 'a']);
  assert.equal(jobs[1], now);
});

test('a job that is not committed yet comes first', () => {
  assert.deepEqual(idsOf(matching([[listedJob('a'), listedJob('b', { createdAt: null })]], ALL, known)), ['b', 'a']);
});

test('jobs are found by state, id, names, text, and their agents’ activities', () => {
  const jobs = [
    listedJob('one', { overallStatus: 'completed', correlationId: 'req-77' }),
    listedJob('two', { overallStatus: 'initializing' }),
    listedJob('four', { overallStatus: 'processing' }),
    listedJob('three', { agents: [{ name: 'Geo Agent', activity: 'Reading the map', status: 'in-progress' } as AgentState] }),
  ];
  const found = (filter: StateFilter, search: string) =>
    idsOf(
      matching(
        [jobs],
        { filter, search },
        {
          stateOf: ({ jobId, overallStatus }) => (jobId === 'four' ? 'lost' : overallStatus),
          textOf: ({ jobId }) => (jobId === 'two' ? 'Burst water main' : ''),
        }
      )
    ).sort();
  assert.deepEqual(found('running', ''), ['three', 'two']);
  assert.deepEqual(found('silent', ''), ['four']);
  assert.deepEqual(found('completed', ''), ['one']);
  assert.deepEqual(found('all', 'REQ-77'), ['one']);
  assert.deepEqual(found('all', 'main water'), ['two']);
  assert.deepEqual(found('all', 'geo map'), ['three']);
  assert.deepEqual(found('failed', 'geo'), []);
});

test('jobs are found by their end, by workflow, and by their beginning', () => {
  const jobs = [
    listedJob('one', { workflow: 'nightly', outcome: 'The disk is full' }),
    listedJob('two', { createdAt: '2026-11-21T09:30:00.000Z' }),
    listedJob('new', { createdAt: null, workflow: 'nightly' }),
  ];
  const found = (wanted: object) => idsOf(matching([jobs], { ...ALL, ...wanted }, known));
  assert.deepEqual(found({ search: 'disk' }), ['one']);
  assert.deepEqual(found({ workflow: 'nightly' }), ['new', 'one']);
  assert.deepEqual(found({ createdAfter: '2026-11-21T00:00:00.000Z' }), ['new', 'two']);
  assert.deepEqual(found({ createdBefore: '2026-11-21T00:00:00.000Z' }), ['one']);
});

test('the duration of a job is that of its run, grows while it runs, and is unknown while it is silent', () => {
  const at = (second: number) => new Date(START + second * 1000).toISOString();
  const ended = listedJob('a', { overallStatus: 'failed', startedAt: at(60), endedAt: at(96.5) });
  const running = listedJob('b', { startedAt: at(60), endedAt: null });
  assert.equal(durationOf(ended, 'failed', START + 999_000), '36.5 s');
  assert.equal(durationOf(running, 'processing', START + 72_900), '12 s');
  assert.equal(durationOf(running, 'lost', START + 999_000), null);
  assert.equal(durationOf(listedJob('c', { startedAt: null }), 'expected', START), null);
});

test('a row shows what a job waits for, or since when it is silent', () => {
  const at = '2026-11-20T09:30:00.000Z';
  const waiting = { for: 'approval', prompt: null, since: at, until: null, answerable: true, invocationId: null };
  const job = listedJob('a', { waiting, lastUpdated: at });
  const now = Date.parse(at) + 60_000;
  assert.match(pauseOf(job, 'waiting', now) ?? '', /^Waits for approval since \d/);
  assert.match(pauseOf(job, 'lost', now) ?? '', /^No status since \d/);
  assert.equal(pauseOf(job, 'processing', now), null);
  assert.equal(pauseOf(job, 'unknown', now), null);
});

test('the offered workflows are those of the jobs, by name', () => {
  const jobs = ['reports', null, '__proto__', 'reports'].map((workflow) => ({ workflow }));
  assert.deepEqual(workflowsOf(jobs), ['__proto__', 'reports']);
});

test('the current activity of a job is that of its newest running agent', () => {
  const agents = [
    { name: 'A', activity: 'one', status: 'in-progress' },
    { name: 'B', activity: 'two', status: 'in-progress' },
    { name: 'C', activity: 'done', status: 'success' },
  ] as AgentState[];
  assert.equal(nowDoing(listedJob('a', { agents })), 'B: two');
  assert.equal(nowDoing(listedJob('a')), null);
});

test('the log is filtered by agent, kind and words; unfiltered it is the same list', () => {
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

test('silent agents are stale, then lost, unless they wait; open agents of an ended job are not finished', () => {
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
  const shown = (second: number) => all.map((each) => shownJob(each, null, START + second * 1000, null));
  const jobs = shown(10);
  assert.deepEqual(sumsOf(jobs), { running: 1, silent: 0, waiting: 0, users: 2 });
  assert.deepEqual(sumsOf(shown(100)), { running: 0, silent: 1, waiting: 0, users: 2 });
  assert.deepEqual(jobs.filter((each) => fits(each, { filter: 'running', search: 'GEO ' })).length, 1);
  assert.deepEqual(jobs.filter((each) => fits(each, { filter: 'all', search: 'ben' })).length, 1);
  assert.deepEqual(jobs.filter((each) => fits(each, { ...ALL, workflow: 'nightly' })).length, 0);
});

test('a reporting job has the state, title and workflow of its snapshot, unless the snapshot is older', () => {
  const last = statusOf(4, 0, { agentName: 'Geo Agent', message: 'Reading' });
  const job: TenantJob = { jobId: 'a', userId: 'ana', overallStatus: 'processing', last, sequence: 4 };
  const cancelRequest = { by: 'ana', reason: null, at: last.timestamp };
  const more = { title: 'Market report', workflow: 'nightly', waiting: null, leaseExpiresAt: null, cancelRequest };
  const shown = (sequence: number) => shownJob(job, listedJob('a', { ...more, sequence }), START + 1_000, null);
  assert.deepEqual([shown(4).state, shown(3).state], ['cancelling', 'processing']);
  assert.ok(fits(shown(3), { ...ALL, search: 'market', workflow: 'nightly' }));
  assert.ok(!fits(shown(3), { ...ALL, workflow: 'hourly' }));
});

test('the newest of several reads of a job counts', () => {
  const readings = [listedJob('a', { sequence: 2 }), listedJob('a', { sequence: 5 }), listedJob('a', { sequence: 3 })];
  assert.deepEqual(
    [...newestKnown(readings).values()].map(({ sequence }) => sequence),
    [5]
  );
});

test('today’s jobs are counted by workflow, the one with the most first', () => {
  const count = (overallStatus: Job['overallStatus'], workflows: [string | null, number][], isExact = true) => ({
    overallStatus,
    isExact,
    count: workflows.reduce((sum, [, number]) => sum + number, 0),
    workflows: workflows.map(([workflow, number]) => ({ workflow, count: number })),
  });
  const rows = workflowCounts([
    count('processing', [['__proto__', 2]]),
    count('failed', [['nightly', 1]], false),
    count('completed', [
      [null, 1],
      ['nightly', 4],
    ]),
  ]);
  assert.deepEqual(
    rows.map(({ workflow, numbers }) => [workflow, ...numbers.map(([, number]) => number)]),
    [
      ['nightly', '0', '1+', '0', '4'],
      ['__proto__', '2', '0+', '0', '0'],
      [null, '0', '0+', '0', '1'],
    ]
  );
});

test('the numbers of the store are summed by label, and marked above its limit', () => {
  const count = (overallStatus: Job['overallStatus'], number: number, isExact = true) => ({
    overallStatus,
    count: number,
    isExact,
    workflows: [],
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

test('a status has the lease that follows it', () => {
  const until = (metadata: Record<string, unknown> | null) => (Date.parse(leaseOf(statusOf(1, 0, { metadata }))) - START) / 1000;
  assert.deepEqual(
    [until(null), until({ leaseSeconds: 600 }), until({ leaseSeconds: 1 }), until({ leaseSeconds: 'x' })],
    [75, 600, 75, 75]
  );
});
