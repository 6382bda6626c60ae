import assert from 'node:assert/strict';
import test from 'node:test';
import { agentHealth } from '../src/tenant/agentHealth.ts';
import { MINUTE_MS, minutesUntil, rateOf, SHOWN_MINUTES } from '../src/tenant/throughput.ts';
import type { AgentState, Job } from '../src/types.ts';
import { listedJob, START } from './statuses.ts';

const at = (second: number) => new Date(START + second * 1000).toISOString();

/** A job with one invocation of an agent. */
function jobWith(agent: Partial<AgentState>, job: Partial<Job> = {}): Job {
  const whole = { name: 'Geo', status: 'in-progress', completedAt: null, leaseExpiresAt: null, waiting: null, ...agent };
  return listedJob(job.jobId ?? 'job-1', { ...job, agents: [whole as AgentState] });
}

const ended = (status: 'success' | 'error', second: number, jobId = 'job-1') =>
  jobWith({ status, completedAt: at(second) }, { jobId });
const running = (leaseUntil: number, jobId = 'job-1') => jobWith({ leaseExpiresAt: at(leaseUntil) }, { jobId });

const healthAt = (jobs: readonly Job[], second: number, cutOffAt: number | null = null) =>
  agentHealth(jobs, START + second * 1000, cutOffAt === null ? null : START + cutOffAt * 1000);

test('an agent is lost or stale by the worst of its silent invocations, in any job', () => {
  const jobs = [ended('success', 0), running(100, 'job-2'), running(400, 'job-3')];
  const health = (second: number) => healthAt(jobs, second)[0];
  assert.deepEqual([health(50)?.health, health(50)?.running, health(50)?.example], ['healthy', 2, null]);
  assert.deepEqual([health(101)?.health, health(101)?.silent, health(101)?.example], ['stale', 1, 'job-2']);
  assert.deepEqual([health(401)?.health, health(401)?.silent, health(401)?.example], ['lost', 2, 'job-2']);
});

test('an agent that waits is healthy, however long it is silent', () => {
  const waiting = { for: 'approval', prompt: null, since: at(0), until: null, answerable: false, invocationId: 'geo' };
  const [geo] = healthAt([jobWith({ waiting })], 99_999);
  assert.deepEqual([geo?.health, geo?.waiting, geo?.running], ['healthy', 1, 0]);
});

test('an agent that becomes silent while the page is disconnected is unknown', () => {
  assert.equal(healthAt([running(100)], 101, 50)[0]?.health, 'unknown');
});

test('an agent is degraded when one in five of its newest ten has failed', () => {
  const of = (...failed: number[]) =>
    healthAt(
      Array.from({ length: 12 }, (_, second) => ended(failed.includes(second) ? 'error' : 'success', second, `job-${second}`)),
      100
    )[0];
  assert.deepEqual([of()?.health, of(11)?.health, of(11, 10)?.health], ['healthy', 'healthy', 'degraded']);
  assert.deepEqual([of(11, 10)?.failed, of(11, 10)?.ended, of(11, 10)?.example], [2, 10, 'job-11']);
  assert.equal(of(0, 1, 11)?.health, 'healthy', 'the two oldest are not among the newest ten');
  assert.equal(healthAt([ended('error', 0)], 1)[0]?.health, 'degraded', 'all that has ended has failed');
});

test('open, cancelled and unstarted invocations do not count for an agent', () => {
  const over = { overallStatus: 'failed' } as const;
  assert.deepEqual(
    healthAt([jobWith({}, over), jobWith({ status: 'cancelled', completedAt: at(1) }), jobWith({ status: 'pending' })], 99_999),
    []
  );
});

test('agents are distinguished by any name, the worst first', () => {
  const jobs = ['constructor', '__proto__', 'Geo'].map((name, number) =>
    jobWith({ name, leaseExpiresAt: at(number === 1 ? 0 : 1_000) }, { jobId: name })
  );
  assert.deepEqual(
    healthAt(jobs, 10).map(({ name, health }) => `${name} ${health}`),
    ['__proto__ stale', 'constructor healthy', 'Geo healthy']
  );
});

test('each minute from the first to the current one is shown, also a silent one, up to an hour', () => {
  const minute = (number: number, statuses: number) => ({ startMs: START + number * MINUTE_MS, statuses, endedJobs: 0 });
  const shown = minutesUntil(START + 3.5 * MINUTE_MS, [minute(1, 7)], START + 0.2 * MINUTE_MS);
  assert.deepEqual(
    shown.map(({ startMs, statuses }) => [(startMs - START) / MINUTE_MS, statuses]),
    [
      [0, 0],
      [1, 7],
      [2, 0],
      [3, 0],
    ]
  );
  const later = minutesUntil(START + 500 * MINUTE_MS, [minute(499, 3)], START);
  assert.equal(later.length, SHOWN_MINUTES);
  assert.equal(later.at(-2)?.statuses, 3);
});

test('the rate is that of the last complete minute', () => {
  assert.deepEqual(rateOf([4, 9, 2]), { lastMinute: 9, most: 9, total: 15 });
  assert.deepEqual(rateOf([4]), { lastMinute: null, most: 4, total: 4 });
  assert.deepEqual(rateOf([]), { lastMinute: null, most: 0, total: 0 });
});
