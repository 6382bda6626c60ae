import assert from 'node:assert/strict';
import test from 'node:test';
import { fold, jobView } from '@statusbeam/client';
import { clipped, HistoryBuilder } from '../src/job/history.ts';
import { inTreeOrder } from '../src/job/tree.ts';
import { layOut, mostAtOnce, ticksOf } from '../src/timeline/layout.ts';
import type { AgentState, StatusUpdate } from '../src/types.ts';
import { logOf, START } from './statuses.ts';

const agentOf = (invocationId: string, parentInvocationId: string | null = null) =>
  ({ invocationId, parentInvocationId }) as AgentState;
const at = (log: StatusUpdate[], second: number) =>
  layOut(jobView(fold(log)), new HistoryBuilder().read(log), START + second * 1000);

test('children stand below their parent, and climb to their elder sibling', () => {
  const agents = [agentOf('a'), agentOf('b'), agentOf('a1', 'a'), agentOf('a2', 'a'), agentOf('a11', 'a1')];
  assert.deepEqual(
    inTreeOrder(agents).map(({ agent, depth, climb }) => [agent.invocationId, depth, climb]),
    [
      ['a', 0, 0],
      ['a1', 1, 1],
      ['a11', 2, 1],
      ['a2', 1, 2],
      ['b', 0, 4],
    ]
  );
});

test('no agent is left out if a parent is unknown, or if two are each other’s parents', () => {
  const agents = [agentOf('a', 'nobody'), agentOf('x', 'y'), agentOf('y', 'x')];
  assert.deepEqual(
    inTreeOrder(agents)
      .map(({ agent }) => agent.invocationId)
      .sort(),
    ['a', 'x', 'y']
  );
});

test('bars stand where their attempts were, and one that runs reaches to now', () => {
  const log = logOf(
    [0, null, 'loading_agents'],
    [2, 'A', 'agent_invoking'],
    [4, 'A', 'agent_complete'],
    [5, 'B', 'agent_invoking']
  );
  const [a, b] = at(log, 10).rows;
  assert.deepEqual([a?.bars[0]?.from, a?.bars[0]?.to, a?.bars[0]?.state], [0.2, 0.4, 'success']);
  assert.deepEqual([b?.bars[0]?.from, b?.bars[0]?.to, b?.bars[0]?.isOpen], [0.5, 1, true]);
});

test('a lost agent leaves room for earlier bars', () => {
  const log = logOf([0, 'A', 'agent_invoking'], [100, 'A', 'note']);
  const { startMs, endMs, rows } = at(log, 36_000);
  assert.ok(endMs - startMs <= 130_000);
  assert.ok((rows[0]?.bars[0]?.lastStatusAt ?? 0) < 1);
});

test('a past moment is on the axis of the whole job, and running bars end there', () => {
  const log = logOf([0, 'A', 'agent_invoking'], [4, 'A', 'note'], [10, 'A', 'agent_complete']);
  const history = new HistoryBuilder().read(log);
  const { rows, now, endMs } = layOut(jobView(fold(log.slice(0, 2))), clipped(history, 2), START + 4000, true);
  assert.deepEqual([rows[0]?.bars[0]?.to, now, endMs - START], [0.4, 0.4, 10_000]);
});

test('an agent that was running at its job’s end is not finished', () => {
  const log = logOf([0, 'A', 'agent_invoking'], [5, null, 'error', { type: 'error' }]);
  assert.equal(at(log, 60).rows[0]?.bars[0]?.state, 'unfinished');
});

test('an agent known by the snapshot alone has the bar of the snapshot', () => {
  const log = logOf([0, 'A', 'agent_invoking'], [5, 'A', 'agent_complete'], [10, null, 'complete', { type: 'complete' }]);
  const job = jobView(fold(log));
  const { rows } = layOut(job, new HistoryBuilder().history, START + 20_000);
  assert.deepEqual([rows[0]?.bars[0]?.from, rows[0]?.bars[0]?.to], [0, 0.5]);
});

test('if the beginning of the log has expired, the axis begins with the job, and times are clock times', () => {
  const days = 86_400;
  const log = logOf(
    [0, null, 'loading_agents'],
    [10, 'A', 'agent_invoking'],
    [9 * days, 'A', 'note'],
    [9 * days + 514, 'A', 'agent_complete'],
    [9 * days + 514, null, 'complete', { type: 'complete' }]
  );
  const { rows, startMs, endMs } = layOut(jobView(fold(log)), new HistoryBuilder().read(log.slice(2)), START + 10 * days * 1000);
  assert.equal(endMs - startMs, (9 * days + 514) * 1000);
  assert.equal(rows[0]?.bars[0]?.durationMs, (9 * days + 504) * 1000);
});

test('agents whose beginning is not read yet count as running', () => {
  const names = Array.from({ length: 3_000 }, (_, number) => `Agent ${number}`);
  const log = logOf(
    ...names.map((name) => [1, name, 'agent_invoking'] as [number, string, string]),
    ...names.map((name, number) => [2 + number / 1_000, name, 'note'] as [number, string, string])
  );
  const { rows } = layOut(jobView(fold(log)), new HistoryBuilder().read(log.slice(-1_500)), START + 10_000);
  assert.equal(mostAtOnce(rows), 3_000);
});

test('a handover does not count as parallel work', () => {
  const log = logOf(
    [0, 'A', 'agent_invoking'],
    [1, 'B', 'agent_invoking'],
    [2, 'A', 'agent_complete'],
    [2, 'C', 'agent_invoking'],
    [3, 'B', 'agent_complete']
  );
  assert.equal(mostAtOnce(at(log, 4).rows), 2);
  assert.equal(mostAtOnce([]), 0);
});

test('ticks are round, few and within the span', () => {
  for (const ms of [100, 333, 1000, 27_400, 61_000, 3_599_000, 86_400_000, 864_000_000]) {
    const ticks = ticksOf(ms);
    assert.ok(ticks.length >= 2 && ticks.length <= 7, `${ms}: ${ticks.length}`);
    assert.ok(ticks.every(({ at: share }) => share >= 0 && share <= 1));
    assert.equal(new Set(ticks.map(({ label }) => label)).size, ticks.length, `${ms}: ${ticks.map(({ label }) => label)}`);
  }
  assert.deepEqual(
    ticksOf(27_400).map(({ label }) => label),
    ['0', '5 s', '10 s', '15 s', '20 s', '25 s']
  );
});
