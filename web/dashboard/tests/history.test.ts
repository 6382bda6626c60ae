import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fold, jobView } from '@statusbeam/client';
import { clipped, HistoryBuilder } from '../src/job/history.ts';
import { layOut } from '../src/timeline/layout.ts';
import type { StatusUpdate } from '../src/types.ts';
import { logOf, START } from './statuses.ts';

const historyOf = (log: StatusUpdate[]) => new HistoryBuilder().read(log);
const seconds = (ms: number | null) => (ms === null ? null : (ms - START) / 1000);

const LOG = logOf(
  [0, null, 'loading_agents'],
  [1, 'Geo', 'agent_invoking'],
  [2, 'Geo', 'calling_tool', { toolName: 'map', message: 'Where is it?' }],
  [3, 'Geo', 'agent_error'],
  [5, 'Geo', 'agent_retrying'],
  [6, 'Geo', 'calling_tool', { toolName: 'map', message: 'Once more' }],
  [7, 'Geo', 'tool_complete', { toolName: 'map' }],
  [8, 'Geo', 'agent_complete', { executionTimeMs: 3000 }],
  [9, null, 'complete', { type: 'complete' }]
);

test('attempts of an agent are distinguished, also uncounted ones', () => {
  const attempts = historyOf(LOG).invocations.get('Geo')?.attempts ?? [];
  assert.deepEqual(
    attempts.map(({ number, startMs, endMs, outcome }) => [number, seconds(startMs), seconds(endMs), outcome]),
    [
      [1, 1, 3, 'error'],
      [2, 5, 8, 'success'],
    ]
  );
});

test('tools are kept with their reason, and with a reported end', () => {
  const tools = historyOf(LOG).invocations.get('Geo')?.tools ?? [];
  assert.deepEqual(
    tools.map(({ name, reason, attempt, outcome, endMs }) => [name, reason, attempt, outcome, seconds(endMs)]),
    [
      ['map', 'Where is it?', 1, 'used', null],
      ['map', 'Once more', 2, 'success', 7],
    ]
  );
});

test('phases follow the orchestrator, and the first agent ends the preparation', () => {
  const phases = historyOf(LOG).phases.map(({ status, startMs, endMs }) => [status, seconds(startMs), seconds(endMs)]);
  assert.deepEqual(phases, [
    ['loading_agents', 0, 1],
    ['agents_at_work', 1, 9],
    ['complete', 9, 9],
  ]);
});

test('a log that grows gives the same history as one read at once', () => {
  const builder = new HistoryBuilder();
  for (let length = 1; length <= LOG.length; length += 1) {
    builder.read(LOG.slice(0, length));
  }
  assert.deepEqual(builder.history, historyOf(LOG));
});

test('a log that begins earlier than before is read again', () => {
  const builder = new HistoryBuilder();
  builder.read(LOG.slice(4));
  assert.deepEqual(builder.read(LOG), historyOf(LOG));
});

test('an unchanged part stays the same object', () => {
  const builder = new HistoryBuilder();
  const log = [
    ...LOG.slice(0, 2),
    ...logOf([0, null, 'x'], [0, null, 'x'], [2, 'Category', 'agent_invoking'])
      .slice(2)
      .map((each) => ({ ...each })),
  ];
  const before = builder.read(LOG.slice(0, 2)).invocations.get('Geo');
  assert.equal(builder.read(log).invocations.get('Geo'), before);
});

test('at every moment, the clipped history equals that of the log up to there', () => {
  const whole = historyOf(LOG);
  for (let length = 1; length <= LOG.length; length += 1) {
    const past = historyOf(LOG.slice(0, length));
    const clip = clipped(whole, length);
    const shape = (history: typeof whole) =>
      [...history.invocations].map(([id, { attempts, tools }]) => [id, attempts, tools.map(({ name, endMs }) => [name, endMs])]);
    assert.deepEqual(shape(clip), shape(past), `at ${length}`);
    assert.deepEqual(clip.phases, past.phases, `at ${length}`);
  }
});

test('every golden vector has a history and a timeline within its bounds', () => {
  const folder = new URL('../../../tests/vectors/', import.meta.url);
  for (const name of readdirSync(folder)) {
    const { updates } = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { updates: StatusUpdate[] };
    const job = jobView(fold(updates));
    const { rows, phases } = layOut(job, historyOf(updates), START + 60_000);
    assert.equal(rows.length, job.agents.length, name);
    for (const { from, to, lastStatusAt } of [...phases, ...rows.flatMap(({ bars }) => bars)]) {
      assert.ok(from >= 0 && from <= lastStatusAt && to <= 1 && from <= to, `${name}: ${from}, ${lastStatusAt}, ${to}`);
    }
  }
});
