import assert from 'node:assert/strict';
import test from 'node:test';

import { durationText, jobName, offsetText, shortened, statusWord, wholeText } from '../words.js';

const log = (more) => wholeText({ size: 3, head: 3, base: 0, missing: [], isHealing: false, problem: null, ...more });

test('durations are written for people', () => {
  assert.deepEqual([0, 840, 1500, 59_999, 185_000].map(durationText), ['0 ms', '840 ms', '1.5 s', '60.0 s', '3 min 5 s']);
});

test('times are told from the start of the job', () => {
  const start = '2026-11-20T09:30:00.000Z';
  assert.equal(offsetText('2026-11-20T09:30:01.250Z', start), '+1.25 s');
  assert.equal(offsetText('2026-11-20T09:30:12.340Z', start), '+12.3 s');
  assert.equal(offsetText('2026-11-20T09:33:05.000Z', start), '+3:05');
  assert.equal(offsetText('2026-11-20T09:29:59.000Z', start), '+0.00 s');
});

test('the state of the log is one honest line', () => {
  assert.equal(log({}), '3 statuses, none missing');
  assert.equal(log({ size: 1, head: 1 }), '1 status, none missing');
  assert.equal(log({ size: 3, head: 6, missing: [[2, 3], [5, 5]] }), '3 of 6 statuses, asking for 3 missing');
  assert.equal(log({ size: 0, head: 0 }), 'No status yet');
  assert.equal(log({ size: 0, head: 0, isHealing: true }), 'Looking');
  assert.match(log({ base: 7 }), /^3 statuses since 8; the earlier ones are no longer kept$/);
  assert.match(log({ problem: new Error('no network') }), /no network/);
});

test('an unknown status word is shown as it is', () => {
  assert.deepEqual(statusWord({ status: 'reading_map' }), { word: 'reading map', tone: '' });
  assert.deepEqual(statusWord({ status: 'agent_error' }), { word: 'failed', tone: 'bad' });
});

test('long texts are cut with a mark', () => {
  assert.equal(shortened('a  b\nc'), 'a b c');
  assert.equal(shortened('x'.repeat(80), 10), `${'x'.repeat(9)}…`);
});

test('a job without a known text is named by the beginning of its id', () => {
  assert.equal(jobName('demo-30f40124-ea73'), 'Job 30f40124');
});
