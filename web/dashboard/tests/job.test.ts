import assert from 'node:assert/strict';
import test from 'node:test';
import { logLinkOf } from '../src/config.ts';
import { completenessOf } from '../src/job/completenessText.ts';
import { HistoryBuilder } from '../src/job/history.ts';
import { jobLivenessAt } from '../src/job/liveness.ts';
import { keepingSame } from '../src/job/sameAgents.ts';
import { agentState, jobState, statusLabel, toneOf } from '../src/labels.ts';
import type { AgentState, StatusUpdate } from '../src/types.ts';
import { Announcer } from '../src/ui/announcer.ts';
import { statusOf } from './statuses.ts';

const row = (...sequences: number[]): StatusUpdate[] => sequences.map((sequence) => statusOf(sequence, sequence));
type Known = Parameters<typeof completenessOf>[0];
const whole = (more: Partial<Known> = {}, isReading = false) =>
  completenessOf(
    {
      updates: row(1, 2, 3),
      firstSequence: 1,
      verdict: 'whole',
      reason: null,
      connection: 'live',
      job: { sequence: 3 },
      error: null,
      ...more,
    },
    isReading
  );

test('the state of the log is one honest line', () => {
  assert.deepEqual(whole(), { sign: 'whole', text: '3 statuses, none missing' });
  assert.equal(whole({ updates: row(1), job: { sequence: 1 } }).text, '1 status, none missing');
  assert.equal(whole({ updates: [], job: { sequence: 0 } }).text, 'No status yet');
  assert.equal(whole({ updates: [], job: { sequence: 0 }, verdict: 'joining', reason: 'connecting' }).text, 'Looking');
  assert.deepEqual(whole({ verdict: 'behind', reason: 'catching_up' }), {
    sign: 'recovering',
    text: '3 statuses, asking for what is missing',
  });
  assert.equal(whole({ verdict: 'behind', reason: 'checking' }).text, '3 statuses, asking whether any is missing');
  assert.equal(
    whole({ connection: 'reconnecting', verdict: 'behind', reason: 'not_connected' }).text,
    '3 statuses, none missing until the connection broke'
  );
  assert.match(
    whole({ updates: row(8, 9), firstSequence: 8, job: { sequence: 9 }, verdict: 'cut', reason: 'log_expired' }).text,
    /^2 statuses since 8;/
  );
  assert.equal(
    whole({ updates: row(8, 9), firstSequence: 8, job: { sequence: 9 } }, true).text,
    '2 of 9 statuses, reading the earlier ones'
  );
  assert.deepEqual(whole({ connection: 'delayed' }), {
    sign: 'recovering',
    text: '3 statuses, read from the log: pushes are delayed',
  });
  assert.equal(
    whole({ reason: 'invalid_id', verdict: 'behind', error: { message: 'jobId must …', isRefusal: true } }).text,
    'No job can have this id'
  );
  assert.equal(whole({ reason: 'job_gone', verdict: 'cut' }).sign, 'problem');
  const failed = (message: string, isRefusal: boolean) => whole({ error: { message, isRefusal } }).text;
  assert.match(failed('No network.', false), /\(No network\)\. Trying again\.$/);
  assert.match(failed('This login was ended.', true), /\(This login was ended\)\.$/);
});

test('agents that did not change stay the same objects', () => {
  const agents = (...activities: string[]) =>
    activities.map((activity, index) => ({
      invocationId: `a${index}`,
      activity,
      tokenUsage: { totalTokens: 1 },
      tools: ['map'],
    })) as unknown as AgentState[];
  const before = agents('one', 'two');
  const now = keepingSame(before, agents('one', 'changed'));
  assert.equal(now[0], before[0]);
  assert.notEqual(now[1], before[1]);
  assert.equal(keepingSame(before, agents('one', 'two')), before);
});

test('screen readers get the newest text, one at a time', () => {
  const said: string[] = [];
  const timers: (() => void)[] = [];
  const announcer = new Announcer((text) => said.push(text), { setTimeout: (action) => timers.push(action) });
  for (const text of ['one', 'two', 'three']) {
    announcer.announce(text);
  }
  assert.equal(timers.length, 1);
  timers.shift()?.();
  assert.deepEqual(said, ['three']);
});

test('the end of a job is announced, also with a text right after it', () => {
  const said: string[] = [];
  const timers: (() => void)[] = [];
  const announcer = new Announcer((text) => said.push(text), { setTimeout: (action) => timers.push(action) });
  announcer.announceAlways('The job is now: Completed');
  announcer.announce('A late word');
  timers.shift()?.();
  announcer.announce('Another');
  timers.shift()?.();
  assert.deepEqual(said, ['A late word. The job is now: Completed', 'Another']);
});

test('silence makes only running jobs stale or lost', () => {
  assert.equal(jobState('processing', 3, 'live'), 'processing');
  assert.equal(jobState('processing', 3, 'stale'), 'stale');
  assert.equal(jobState('initializing', 1, 'lost'), 'lost');
  assert.equal(jobState('completed', 9, 'ended'), 'completed');
  assert.equal(jobState('initializing', 0, null), 'expected');
});

test('silence is unknown to a page without a connection', () => {
  const [lease, minute] = [Date.parse('2026-11-20T12:00:00Z'), 60_000];
  const job = { overallStatus: 'processing', leaseExpiresAt: new Date(lease).toISOString(), waiting: null } as const;
  assert.equal(jobLivenessAt(job, lease + minute), 'stale');
  assert.equal(jobLivenessAt(job, lease + minute, lease - minute), 'unknown');
  assert.equal(jobLivenessAt(job, lease - 1, lease - minute), 'live');
  assert.equal(jobLivenessAt(job, lease + 10 * minute, lease + minute), 'stale', 'it was stale while the page still heard');
  assert.equal(jobLivenessAt({ ...job, overallStatus: 'completed' }, lease + minute, lease - minute), 'ended');
  assert.equal(jobState('processing', 3, 'unknown'), 'unknown');
});

test('an unknown status word is shown unchanged', () => {
  assert.equal(statusLabel('reading_map'), 'reading map');
  assert.equal(toneOf(statusOf(1, 0, { status: 'reading_map' })), 'idle');
  assert.equal(toneOf(statusOf(1, 0, { status: 'agent_error' })), 'bad');
});

test('names of JavaScript are words like any other', () => {
  for (const word of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    const update = statusOf(1, 1, { status: word, agentName: word, toolName: word });
    assert.equal(statusLabel(word), word.replaceAll('_', ' '));
    assert.equal(toneOf(update), 'idle');
    assert.equal(new HistoryBuilder().read([update]).invocations.get(word)?.attempts[0]?.outcome, 'running');
    assert.equal(agentState(word, null, true, false), 'unknown');
  }
});

test('the template of the log search is filled in, and leads to the web only', () => {
  const values = { errorId: 'e 1&x', jobId: 'job/1' };
  assert.equal(
    logLinkOf('https://logs.example.com/?q={errorId}&job={jobId}', values),
    'https://logs.example.com/?q=e%201%26x&job=job%2F1'
  );
  assert.equal(logLinkOf('javascript:alert({errorId})', values), null);
  assert.equal(logLinkOf(undefined, values), null);
});
