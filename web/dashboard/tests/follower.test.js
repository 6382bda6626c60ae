import assert from 'node:assert/strict';
import test from 'node:test';

import { BEAT_MS, JobFollower, RETRY_MS, SETTLE_MS } from '../follower.js';
import { FakeTimers, randomFrom, settled, shuffled, statusOf } from './statuses.js';

/** A log on the server: what listStatusUpdates answers, in pages. */
class ServerLog {
  updates = [];
  keptFrom = 1;
  failures = 0;
  calls = [];

  write(count) {
    for (let n = 0; n < count; n += 1) {
      this.updates.push(statusOf(this.updates.length + 1));
    }
  }

  fetchPage = async ({ afterSequence, limit }) => {
    this.calls.push(afterSequence);
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('no network');
    }
    const currentSequence = this.updates.length;
    if (afterSequence > currentSequence || afterSequence + 1 < this.keptFrom) {
      const reason = afterSequence > currentSequence ? 'ahead_of_log' : 'log_expired';
      return { updates: [], currentSequence, nextAfterSequence: currentSequence, recovered: false, reason };
    }
    const updates = this.updates.slice(afterSequence, afterSequence + limit);
    return { updates, currentSequence, nextAfterSequence: afterSequence + updates.length, recovered: true, reason: null };
  };
}

function following(server, { isOver = () => false } = {}) {
  const timers = new FakeTimers();
  const changes = [];
  const follower = new JobFollower({
    jobId: 'job-1',
    fetchPage: server.fetchPage,
    onChange: (change) => changes.push(change),
    isOver,
    timers,
  });
  const sequences = () => follower.log.entries().map(({ sequence }) => sequence);
  return { follower, timers, changes, sequences };
}

test('joining gives the whole log, page by page', async () => {
  const server = new ServerLog();
  server.write(250);
  const { follower, sequences } = following(server);
  await follower.connected();
  assert.equal(sequences().length, 250);
  assert.deepEqual(server.calls, [0, 100, 200]);
});

test('a gap in the pushes is filled from the log', async () => {
  const server = new ServerLog();
  const { follower, sequences } = following(server);
  await follower.connected();
  server.write(4);
  follower.push(server.updates[0]);
  follower.push(server.updates[3]);
  await settled();
  assert.deepEqual(sequences(), [1, 2, 3, 4]);
  assert.deepEqual(follower.log.entries().map(({ via }) => via), ['push', 'replay', 'replay', 'push']);
});

test('pushes without a gap ask the log nothing', async () => {
  const server = new ServerLog();
  const { follower } = following(server);
  await follower.connected();
  const before = server.calls.length;
  server.write(3);
  server.updates.forEach((update) => follower.push(update));
  await settled();
  assert.equal(server.calls.length, before);
});

test('an update lost after start_ack is found when the subscription has settled', async () => {
  const server = new ServerLog();
  const { follower, timers, sequences } = following(server);
  await follower.connected();
  server.write(1);
  await timers.advance(SETTLE_MS);
  assert.deepEqual(sequences(), [1]);
});

test('an update lost later is found by the beat, which stops when the job is over', async () => {
  const server = new ServerLog();
  let over = false;
  const { follower, timers, sequences } = following(server, { isOver: () => over });
  await follower.connected();
  await timers.advance(SETTLE_MS);
  server.write(2);
  await timers.advance(BEAT_MS);
  assert.deepEqual(sequences(), [1, 2]);
  over = true;
  await timers.advance(BEAT_MS);
  assert.equal(timers.count, 0);
});

test('a replay that fails is tried again and the problem is told', async () => {
  const server = new ServerLog();
  server.write(2);
  server.failures = 1;
  const { follower, timers, changes, sequences } = following(server);
  await follower.connected();
  assert.equal(changes.at(-1).problem.message, 'no network');
  await timers.advance(RETRY_MS);
  assert.deepEqual(sequences(), [1, 2]);
  assert.equal(follower.problem, null);
});

test('a log whose beginning has expired goes on from where it is, and says so', async () => {
  const server = new ServerLog();
  server.write(5);
  server.keptFrom = 4;
  const { follower, changes } = following(server);
  await follower.connected();
  assert.equal(follower.log.base, 5);
  assert.ok(follower.log.isWhole);
  assert.ok(changes.some(({ reset }) => reset));
});

test('a job id that is used again starts the log anew', async () => {
  const server = new ServerLog();
  server.write(3);
  const { follower, timers, sequences } = following(server);
  await follower.connected();
  server.updates = [{ ...statusOf(1), eventId: 'other-1' }];
  follower.push(server.updates[0]);
  await timers.advance(0);
  assert.deepEqual(sequences(), [1]);
  assert.equal(follower.log.entries()[0].update.eventId, 'other-1');
});

test('a stopped follower asks nothing any more', async () => {
  const server = new ServerLog();
  const { follower, timers } = following(server);
  await follower.connected();
  follower.stop();
  const before = server.calls.length;
  await timers.advance(10 * BEAT_MS);
  assert.equal(server.calls.length, before);
});

test('whatever is lost, reordered or repeated, the follower ends with the whole log', async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = randomFrom(seed);
    const server = new ServerLog();
    const { follower, timers, sequences } = following(server);
    await follower.connected();
    for (let burst = 0; burst < 5; burst += 1) {
      const from = server.updates.length;
      server.write(Math.floor(random() * 8));
      const pushed = server.updates.slice(from);
      for (const update of shuffled([...pushed, ...pushed], random).filter(() => random() < 0.4)) {
        follower.push(update);
      }
      if (random() < 0.3) {
        void follower.connected();
      }
      await settled();
    }
    await timers.advance(BEAT_MS);
    assert.deepEqual(sequences(), server.updates.map(({ sequence }) => sequence), `seed ${seed}`);
  }
});
