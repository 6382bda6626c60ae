// What the page says of a job's life: titles, runs, waiting, cancelling, and what comes after the end.

import assert from 'node:assert/strict';
import test from 'node:test';

import { fold, jobView } from '@statusbeam/client';
import { answerableWaits } from '../src/answer/waits.ts';
import { HistoryBuilder } from '../src/job/history.ts';
import { endOf, runStart } from '../src/job/moment.ts';
import { waiterOf, waitingTimes, waitsFor } from '../src/job/waitingText.ts';
import { jobState } from '../src/labels.ts';
import { layOut } from '../src/timeline/layout.ts';
import { logOf, START } from './statuses.ts';

const END = { type: 'error', metadata: null } as const;

test('a job with a request to cancel is cancelling until it has ended or is silent', () => {
  assert.equal(jobState('processing', 3, 'live', true), 'cancelling');
  assert.equal(jobState('processing', 3, 'waiting', true), 'cancelling');
  assert.equal(jobState('processing', 3, 'lost', true), 'lost');
  assert.equal(jobState('cancelled', 3, 'ended', true), 'cancelled');
  assert.equal(jobState('completed', 3, 'ended', true), 'completed');
});

test('a wait shows its kind, its agent, its beginning and its end', () => {
  const waiting = {
    for: 'street_crew',
    prompt: null,
    since: '2026-11-20T09:30:00.000Z',
    until: null,
    answerable: false,
    invocationId: 'geo',
  };
  assert.equal(waitsFor(waiting), 'Waits for street crew');
  assert.match(waitingTimes(waiting, START), /^since [^,]+$/);
  assert.match(waitingTimes({ ...waiting, until: '2026-11-20T10:30:00.000Z' }, START), /^since .+, until .+ at the latest$/);
  assert.equal(waiterOf(waiting, []), 'geo');
  assert.equal(waiterOf({ ...waiting, invocationId: null }, []), null);
});

test('the second run is counted from its own beginning, and its end is not what comes after it', () => {
  const updates = logOf(
    [0, null, 'loading_agents', { metadata: { run: 'a.1' } }],
    [9, null, 'error', { ...END, message: 'Broken', metadata: { run: 'a.1', opened: 1 } }],
    [60, null, 'loading_agents', { metadata: { run: 'b.1' } }],
    [70, null, 'complete', { type: 'complete', message: 'Fixed', metadata: { run: 'b.1', opened: 1 } }],
    [80, null, 'error', { ...END, message: 'Too late', metadata: { afterEnd: true } }]
  );
  const job = jobView(fold(updates));
  assert.deepEqual([job.run, job.runFirstSequence, job.overallStatus], [2, 3, 'completed']);
  assert.equal(runStart({ job, updates }), updates[2]?.timestamp);
  assert.equal(endOf({ job, updates })?.message, 'Fixed');
  const axis = layOut(job, new HistoryBuilder().read(updates.slice(2)), START + 90_000);
  assert.equal(axis.startMs, Date.parse(updates[2]?.timestamp ?? ''));
  const first = jobView(fold(updates.slice(0, 2)));
  assert.deepEqual([first.run, runStart({ job: first, updates: updates.slice(0, 2) })], [1, updates[0]?.timestamp]);
});

test('the bar of an agent that was cancelled ends with it', () => {
  const updates = logOf([0, null, 'loading_agents'], [1, 'Geo Agent', 'agent_invoking'], [5, 'Geo Agent', 'cancelled']);
  const history = new HistoryBuilder().read(updates);
  const [row] = layOut(jobView(fold(updates)), history, START + 9_000).rows;
  assert.deepEqual([row?.bars[0]?.state, row?.bars[0]?.isOpen, row?.bars[0]?.durationMs], ['cancelled', false, 4_000]);
  const fromSnapshot = layOut(jobView(fold(updates)), new HistoryBuilder().read([]), START + 9_000).rows[0];
  assert.deepEqual([fromSnapshot?.bars[0]?.state, fromSnapshot?.bars[0]?.durationMs], ['cancelled', 4_000]);
});

test('only answerable waits are offered, the longest first', () => {
  const wait = (since: string, answerable: boolean, invocationId: string | null) => ({
    ...{ for: 'approval', prompt: null, until: null },
    ...{ since: `2026-11-20T09:3${since}:00.000Z`, answerable, invocationId },
  });
  const agent = (name: string, waiting: ReturnType<typeof wait> | null) => ({ name, invocationId: name, waiting }) as never;
  const agents = [
    agent('late', wait('5', true, 'late')),
    agent('timer', wait('1', false, 'timer')),
    agent('early', wait('2', true, 'early')),
    agent('works', null),
  ];
  const asked = (waiting: ReturnType<typeof wait> | null) => answerableWaits({ waiting, agents }).map(({ agent }) => agent?.name);
  assert.deepEqual(asked(wait('2', true, 'early')), ['early', 'late']);
  assert.deepEqual(asked(wait('3', true, null)), ['early', undefined, 'late']);
  assert.deepEqual(asked(null), ['early', 'late']);
});
