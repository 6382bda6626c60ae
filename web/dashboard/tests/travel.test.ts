import assert from 'node:assert/strict';
import test from 'node:test';
import { delayToNext, indexAt } from '../src/travel/playback.ts';
import { logOf, statusOf } from './statuses.ts';

test('playing goes by the times of the log, faster at higher speed, never through long silence', () => {
  const log = logOf([0, null, 'a'], [0.4, null, 'b'], [3600, null, 'c'], [3600, null, 'd']);
  assert.equal(delayToNext(log, 0, 1), 400);
  assert.equal(delayToNext(log, 0, 4), 100);
  assert.equal(delayToNext(log, 1, 16), 1500);
  assert.equal(delayToNext(log, 2, 1), 30);
  assert.equal(delayToNext(log, 3, 1), null);
  assert.equal(delayToNext([], 0, 1), null);
});

test('decreasing and invalid times do not stop it', () => {
  const log = [statusOf(1, 5), statusOf(2, 1), statusOf(3, 0, { timestamp: 'never' })];
  assert.deepEqual([delayToNext(log, 0, 1), delayToNext(log, 1, 1)], [30, 30]);
});

test('the moment of a sequence is the last status that is not after it', () => {
  const log = [2, 3, 5, 9].map((sequence) => statusOf(sequence, sequence));
  assert.deepEqual(
    [1, 2, 4, 5, 8, 9, 99].map((sequence) => indexAt(log, sequence)),
    [-1, 0, 1, 2, 2, 3, 3]
  );
});
