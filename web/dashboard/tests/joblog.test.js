import assert from 'node:assert/strict';
import test from 'node:test';

import { JobLog } from '../joblog.js';
import { randomFrom, shuffled, statusOf } from './statuses.js';

const sequencesOf = (log) => log.entries().map(({ sequence }) => sequence);

test('updates are ordered by sequence whatever order they come in', () => {
  const log = new JobLog('job-1');
  for (const sequence of [3, 1, 2]) {
    log.add(statusOf(sequence));
  }
  assert.deepEqual(sequencesOf(log), [1, 2, 3]);
  assert.ok(log.isWhole);
});

test('an update that comes twice is there once', () => {
  const log = new JobLog('job-1');
  assert.equal(log.add(statusOf(1)).fresh.length, 1);
  assert.equal(log.add(statusOf(1)).fresh.length, 0);
  assert.equal(log.size, 1);
});

test('a hole is known and named', () => {
  const log = new JobLog('job-1');
  for (const sequence of [1, 2, 5, 9]) {
    log.add(statusOf(sequence));
  }
  assert.ok(!log.isWhole);
  assert.equal(log.contiguous, 2);
  assert.deepEqual(log.missing(), [[3, 4], [6, 8]]);
});

test('the updates of the same commit arrive in earlier', () => {
  const log = new JobLog('job-1');
  const { fresh } = log.add({ ...statusOf(3), earlier: [statusOf(1), statusOf(2)] });
  assert.deepEqual(fresh.map(({ sequence }) => sequence), [1, 2, 3]);
  assert.ok(log.isWhole);
});

test('an update of another job is not taken', () => {
  const log = new JobLog('job-1');
  assert.equal(log.add({ ...statusOf(1), jobId: 'job-2' }).fresh.length, 0);
  assert.equal(log.add(null).fresh.length, 0);
  assert.equal(log.head, 0);
});

test('an update without a proper sequence is not taken', () => {
  const log = new JobLog('job-1');
  for (const sequence of [0, -1, 1.5, '1', null, undefined]) {
    log.add({ ...statusOf(1), sequence });
  }
  assert.equal(log.size, 0);
});

test('a page tells of updates that exist beyond it', () => {
  const log = new JobLog('job-1');
  log.addPage({ updates: [statusOf(1)], currentSequence: 4 });
  assert.deepEqual(log.missing(), [[2, 4]]);
});

test('another event at a known sequence is a conflict', () => {
  const log = new JobLog('job-1');
  log.add(statusOf(1));
  assert.ok(log.add({ ...statusOf(1), eventId: 'another' }).conflict);
});

test('what the log no longer has can be given up', () => {
  const log = new JobLog('job-1');
  log.add(statusOf(12));
  log.startAfter(10);
  assert.deepEqual(log.missing(), [[11, 11]]);
  log.add(statusOf(11));
  assert.ok(log.isWhole);
  assert.equal(log.contiguous, 12);
});

test('any loss, order and repetition followed by a replay of what is missing ends in the whole log', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = randomFrom(seed);
    const length = 1 + Math.floor(random() * 30);
    const all = Array.from({ length }, (_, index) => statusOf(index + 1));
    const log = new JobLog('job-1');
    for (const update of shuffled([...all, ...all], random).filter(() => random() < 0.5)) {
      log.add(update);
    }
    const rest = all.filter(({ sequence }) => sequence > log.contiguous);
    log.addPage({ updates: rest, currentSequence: length });
    assert.deepEqual(sequencesOf(log), all.map(({ sequence }) => sequence), `seed ${seed}`);
    assert.ok(log.isWhole);
    assert.deepEqual(log.missing(), []);
  }
});
