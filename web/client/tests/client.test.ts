import assert from 'node:assert/strict';
import test from 'node:test';
import type { JobState } from '../src/client/watchedJob.ts';
import { jobView } from '../src/fold/snapshot.ts';
import { watchTenant, watchUser } from '../src/lists/index.ts';
import { NO_FAULTS } from './sim/service.ts';
import { World } from './sim/world.ts';

const GEO = { type: 'agent_status', status: 'agent_invoking', message: 'Reading', agentName: 'Geo Agent' };
const DONE = { type: 'complete', status: 'complete', message: 'Done' };

const sequences = (state: JobState) => state.updates.map(({ sequence }) => sequence);
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

test('a watched job shows its log, then every status as it comes', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  const seen: JobState[] = [];
  const client = world.connect();
  const watch = client.watchJob('job-1', (state) => seen.push(state));
  assert.equal(watch.getState().verdict, 'joining');
  await world.advance(1_000);
  assert.deepEqual(sequences(watch.getState()), [1]);
  assert.equal(watch.getState().verdict, 'whole');
  assert.equal(watch.getState().connection, 'live');
  const asked = world.asked.length;
  world.service.commit('job-1', [{ ...GEO, status: 'agent_complete' }, DONE]);
  await world.advance(100);
  assert.deepEqual(sequences(watch.getState()), [1, 2, 3]);
  assert.equal(watch.getState().job.overallStatus, 'completed');
  assert.equal(world.asked.length, asked, 'a push without a gap asks nothing');
  assert.equal(seen.at(-1), watch.getState());
  client.close();
  assert.equal(watch.getState().connection, 'closed');
  assert.equal(world.service.sockets.size, 0);
});

test('the state is the same object until something changes, and so are its parts', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO, { ...GEO, agentName: 'Category Agent' }]);
  const watch = world.connect().watchJob('job-1');
  await world.advance(5_000);
  const before = watch.getState();
  await world.advance(60_000);
  assert.equal(watch.getState(), before);
  world.service.commit('job-1', [{ ...GEO, status: 'agent_complete' }]);
  await world.advance(100);
  assert.notEqual(watch.getState(), before);
  assert.equal(watch.getState().job.agents[1], before.job.agents[1], 'the agent that did nothing');
  assert.notEqual(watch.getState().job.agents[0], before.job.agents[0]);
});

test('a listener that throws does not stop the others, and its error is reported', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  const watch = world.connect().watchJob('job-1', () => {
    throw new Error('mine');
  });
  const seen: number[] = [];
  watch.subscribe(({ job }) => seen.push(job.sequence));
  await world.advance(2_000);
  assert.equal(seen.at(-1), 1);
  assert.equal(watch.getState().verdict, 'whole');
  assert.ok(world.reported.length > 0 && world.reported.every((error) => (error as Error).message === 'mine'));
});

test('an invalid answer is reported and counts as a failed read', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  world.service.page = () => null as never;
  const client = world.connect();
  const [watch, list] = [client.watchJob('job-1'), watchUser(client)];
  world.service.position = () => null as never;
  await world.advance(5_000);
  assert.deepEqual([watch.getState().verdict, watch.getState().reason], ['joining', 'failing']);
  assert.equal(list.getState().isLoading, false);
  assert.ok(world.reported.length > 0);
});

test('statuses lost after start_ack are found when the join has settled', async () => {
  const world = new World();
  world.service.faults = { ...NO_FAULTS, drop: 1 };
  const watch = world.connect().watchJob('job-1');
  await world.advance(300);
  world.service.commit('job-1', [GEO]);
  await world.advance(1_700);
  assert.deepEqual(sequences(watch.getState()), [1]);
  assert.equal(watch.getState().recovery.lost, 1);
});

test('a dropped socket is back in well under a second and misses nothing', async () => {
  const world = new World();
  const watch = world.connect().watchJob('job-1');
  await world.advance(10_000);
  world.service.dropAll();
  await world.advance(1);
  assert.equal(watch.getState().connection, 'reconnecting');
  assert.equal(watch.getState().verdict, 'behind');
  world.service.commit('job-1', [GEO]);
  await world.advance(700);
  assert.equal(watch.getState().connection, 'live');
  assert.equal(watch.getState().verdict, 'whole');
  assert.deepEqual(sequences(watch.getState()), [1]);
  assert.equal(watch.getState().recovery.reconnects, 1);
});

test('a socket that hangs since the network changed is replaced, and its statuses are pushed again', async () => {
  const world = new World();
  const watch = world.connect().watchJob('job-1');
  await world.advance(10_000);
  for (const socket of world.service.sockets) {
    socket.isDead = true;
  }
  world.wake(true);
  world.service.commit('job-1', [GEO]);
  await world.advance(3_000);
  const asked = world.asked.length;
  world.service.commit('job-1', [GEO]);
  await world.advance(100);
  assert.deepEqual(sequences(watch.getState()), [1, 2]);
  assert.equal(watch.getState().verdict, 'whole');
  assert.equal(world.asked.length, asked, 'the second one by its push');
});

test('without a socket, position checks find new statuses, and the verdict shows it', async () => {
  const world = new World();
  world.environment.openSocket = (_url, _protocols, handlers) => {
    world.clock.after(5, () => handlers.closed());
    return { send: () => undefined, close: () => undefined };
  };
  const watch = world.connect().watchJob('job-1');
  await world.advance(1_000);
  world.service.commit('job-1', [GEO]);
  await world.advance(7_000);
  assert.deepEqual(sequences(watch.getState()), [1]);
  assert.deepEqual([watch.getState().verdict, watch.getState().reason], ['behind', 'not_connected']);
});

test('after a day the socket is renewed without a moment without a subscription', async () => {
  const world = new World();
  const client = world.connect();
  const watch = client.watchJob('job-1');
  const standing = new Set<number>();
  const states = new Set<string>();
  watch.subscribe((state) => states.add(`${state.connection} ${state.verdict}`));
  await world.advance(5_000);
  states.clear();
  const first = [...world.service.sockets][0];
  // Within a day, in the order of things: what happens is looked at after each step.
  const end = world.clock.now + 24 * 3_600_000;
  while (world.clock.now < end && world.opened.length < 2) {
    if (first?.isOpen) {
      first.client.text('{"type":"ka"}');
    }
    await world.advance(60_000);
    standing.add([...world.service.sockets].filter(({ subscriptions }) => subscriptions.size > 0).length);
  }
  await world.advance(5_000);
  assert.equal(world.opened.length, 2);
  assert.ok(!standing.has(0));
  assert.equal(first?.isOpen, false);
  assert.deepEqual([...states], []);
  world.service.commit('job-1', [GEO]);
  await world.advance(100);
  assert.deepEqual(sequences(watch.getState()), [1]);
});

test('a long log is read as snapshot and end; the rest on request', async () => {
  const world = new World();
  for (let n = 0; n < 1_250; n += 1) {
    world.service.commit('job-1', [{ ...GEO, status: 'progress', type: 'progress', progress: (n % 1_000) / 10 }]);
  }
  const watch = world.connect().watchJob('job-1');
  await world.advance(2_000);
  assert.equal(watch.getState().verdict, 'whole');
  assert.equal(watch.getState().firstSequence, 1_151);
  assert.equal(watch.at(600), null);
  const now = world.clock.now / 1000;
  assert.deepEqual(watch.getState().job, jobView(world.service.snapshot('job-1'), { now }));
  const loading = watch.loadHistory();
  await world.advance(5_000);
  await loading;
  assert.deepEqual(sequences(watch.getState()), upTo(1_250));
  for (const sequence of [0, 1, 127, 128, 129, 600, 1_250]) {
    const { epoch: _, ...expected } = jobView(world.service.snapshot('job-1', sequence));
    const { epoch: __, jobId: ___, ...found } = watch.at(sequence) ?? jobView(world.service.snapshot('job-1', 0));
    assert.deepEqual({ ...found, jobId: expected.jobId }, expected, `at ${sequence}`);
  }
  world.service.commit('job-1', [{ ...GEO, status: 'agent_complete' }]);
  await world.advance(100);
  assert.deepEqual(watch.getState().job, jobView(world.service.snapshot('job-1'), { now: world.clock.now / 1000 }));
});

test('history that is read together with the end of the log is complete', async () => {
  const world = new World();
  for (let n = 0; n < 1_250; n += 1) {
    world.service.commit('job-1', [GEO]);
  }
  const watch = world.connect().watchJob('job-1');
  let loading: Promise<void> | null = null;
  watch.subscribe(({ job }) => {
    loading ??= job.sequence === 1_250 ? watch.loadHistory() : null; // the snapshot is here, the statuses before it are asked for
  });
  await world.advance(5_000);
  await loading;
  assert.deepEqual(sequences(watch.getState()), upTo(1_250));
});

test('statuses from before the join do not count as lost; later ones without a push do, with their sequences', async () => {
  const world = new World();
  const client = world.connect();
  client.watchJob('job-0');
  await world.advance(5_000); // the socket stands: the subscription to the next job comes before its first page
  for (let n = 0; n < 20; n += 1) {
    world.service.commit('job-1', [GEO]);
  }
  const watch = client.watchJob('job-1');
  await world.advance(3_000);
  assert.deepEqual([watch.getState().recovery.lost, [...watch.getState().fromLog]], [0, []]);
  world.service.faults = { ...NO_FAULTS, drop: 1 };
  world.service.commit('job-1', [GEO]);
  world.service.faults = NO_FAULTS;
  world.service.commit('job-1', [GEO]);
  await world.advance(1_000);
  assert.deepEqual([watch.getState().recovery.lost, [...watch.getState().fromLog]], [1, [21]]);
  world.service.dropAll();
  await world.advance(1);
  world.service.commit('job-1', [DONE]);
  await world.advance(2_000);
  assert.deepEqual([watch.getState().recovery.lost, [...watch.getState().fromLog]], [2, [21, 23]]);
});

test('an expired log is reported as cut, with the right job', async () => {
  const world = new World();
  world.service.commit(
    'job-1',
    Array.from({ length: 20 }, () => GEO)
  );
  world.service.log('job-1').keptFrom = 12;
  const watch = world.connect().watchJob('job-1');
  await world.advance(2_000);
  const { verdict, reason, job } = watch.getState();
  assert.deepEqual([verdict, reason, job.sequence], ['cut', 'log_expired', 20]);
  assert.deepEqual(sequences(watch.getState()), upTo(20).slice(11)); // what the log still has
  world.service.commit('job-1', [DONE]);
  await world.advance(100);
  assert.equal(watch.getState().job.overallStatus, 'completed');
});

test('history is loaded back to the first remaining status', async () => {
  const world = new World();
  for (let n = 0; n < 1_250; n += 1) {
    world.service.commit('job-1', [GEO]);
  }
  world.service.log('job-1').keptFrom = 337;
  const watch = world.connect().watchJob('job-1');
  await world.advance(5_000);
  const loading = watch.loadHistory();
  await world.advance(5_000);
  await loading;
  assert.deepEqual(sequences(watch.getState()), upTo(1_250).slice(336));
});

test('a completely expired log is reported as cut, with the right job', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO, GEO]);
  world.service.log('job-1').keptFrom = 3;
  const watch = world.connect().watchJob('job-1');
  await world.advance(2_000);
  const { verdict, job } = watch.getState();
  assert.deepEqual([verdict, job.sequence, sequences(watch.getState())], ['cut', 2, []]);
});

test('a job id that is used again starts a new log', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO, GEO, DONE]);
  const watch = world.connect().watchJob('job-1');
  await world.advance(2_000);
  world.service.forget('job-1');
  world.service.commit('job-1', [{ ...GEO, message: 'Anew' }]);
  await world.advance(2_000);
  assert.deepEqual(
    watch.getState().updates.map(({ message }) => message),
    ['Anew']
  );
  assert.equal(watch.getState().verdict, 'whole');
});

test('an expired job keeps its known statuses, as cut', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  const watch = world.connect().watchJob('job-1');
  await world.advance(2_000);
  world.service.forget('job-1');
  world.wake();
  await world.advance(1_000);
  assert.deepEqual([watch.getState().verdict, watch.getState().reason], ['cut', 'job_gone']);
  assert.deepEqual(sequences(watch.getState()), [1]);
});

test('an expired token is renewed, for reads, the handshake and each subscription', async () => {
  const world = new World();
  const client = world.connect();
  const watch = client.watchJob('job-1');
  await world.advance(2_000);
  world.service.expireTokens();
  world.wake();
  await world.advance(1_000);
  assert.ok(world.tokensAsked.includes(true));
  world.service.expireTokens();
  const second = client.watchJob('job-2');
  await world.advance(2_000);
  assert.equal(second.getState().verdict, 'whole');
  world.service.expireTokens();
  world.service.dropAll();
  await world.advance(2_000);
  assert.equal(watch.getState().verdict, 'whole');
});

test('without a token the client reports an error, and reconnects with the next token', async () => {
  const world = new World();
  world.refuseToken = new Error('Signed out.');
  const watch = world.connect().watchJob('job-1');
  await world.advance(10_000);
  assert.equal(watch.getState().error?.message, 'Signed out.');
  assert.equal(watch.getState().error?.code, 'unauthorized');
  assert.notEqual(watch.getState().verdict, 'whole');
  world.refuseToken = null;
  await world.advance(60_000);
  assert.equal(watch.getState().verdict, 'whole');
});

test('a token callback that hangs is called again', async () => {
  const world = new World();
  let hangs = false;
  const token = () => (hangs ? new Promise<string>(() => undefined) : world.service.newToken());
  const watch = world.connect({ auth: { type: 'cognito', token } }).watchJob('job-1');
  await world.advance(5_000);
  hangs = true;
  world.service.expireTokens();
  world.service.dropAll();
  await world.advance(45_000);
  assert.equal(watch.getState().error?.message, 'The token callback did not answer.');
  hangs = false;
  await world.advance(60_000);
  assert.equal(watch.getState().verdict, 'whole');
});

test('many requests with one expired token fetch one new token', async () => {
  const world = new World();
  const client = world.connect();
  client.watchJob('job-1');
  await world.advance(5_000);
  world.service.expireTokens();
  const before = world.tokensAsked.length;
  const reads = upTo(6).map(() => client.getJob('job-1'));
  await world.advance(1_000);
  await Promise.all(reads);
  assert.deepEqual(world.tokensAsked.slice(before), [true]);
});

test('the service’s clock decides whether a token is valid', async () => {
  const world = new World();
  world.service.clockAhead = -48 * 3_600_000; // ours is two days fast: by it, every token of a day is long over
  const issued = () => Math.floor((world.clock.now + world.service.clockAhead) / 1000);
  let asked = 0;
  const token = () => {
    asked += 1;
    return world.service.newToken(issued() + 900);
  };
  const watch = world.connect({ auth: { type: 'viewToken', token } }).watchJob('job-1');
  await world.advance(5_000);
  const before = asked;
  await world.advance(300_000);
  assert.equal(asked, before);
  assert.equal(watch.getState().verdict, 'whole');
});

test('no token is in an address', async () => {
  const world = new World();
  world.connect().watchJob('job-1');
  await world.advance(2_000);
  for (const { url, protocols } of world.opened) {
    assert.equal(url, 'wss://api.example.com/graphql/realtime');
    assert.deepEqual(
      protocols.map((each) => each.split('-')[0]),
      ['graphql', 'header']
    );
  }
});

test('many watched jobs share one socket, one subscription and one position check', async () => {
  const world = new World();
  const client = world.connect();
  const watches = upTo(12).map((number) => client.watchJob(`job-${number}`));
  await world.advance(3_000);
  assert.equal(world.opened.length, 1);
  const checks = () => world.asked.filter(({ query }) => query.includes('jobs { jobId')).length;
  assert.equal(checks(), 2, 'one when the subscription stands, one when it has settled');
  const [socket] = world.service.sockets;
  assert.deepEqual(
    [...(socket?.subscriptions.values() ?? [])].map(({ variables }) => variables.jobId),
    [undefined]
  );
  world.wake();
  await world.advance(500);
  assert.equal(checks(), 3);
  for (const number of upTo(12)) {
    world.service.commit(`job-${number}`, [GEO]);
  }
  await world.advance(100);
  assert.deepEqual(
    watches.map((watch) => watch.getState().job.sequence),
    watches.map(() => 1)
  );
  for (const watch of watches.slice(2)) {
    watch.close();
  }
  await world.advance(5_000);
  const left = [...(socket?.subscriptions.values() ?? [])].map(({ variables }) => variables.jobId);
  assert.deepEqual(left.sort(), ['job-1', 'job-2']);
  assert.ok(watches.slice(0, 2).every((watch) => watch.getState().verdict === 'whole'));
});

test('a watch without a listener ends after a moment', async () => {
  const world = new World();
  const client = world.connect();
  const one = client.watchJob('job-1');
  const two = client.watchJob('job-1');
  await world.advance(2_000);
  assert.equal(world.service.starts, 1);
  one.close();
  one.close();
  await world.advance(3_000);
  assert.equal([...world.service.sockets][0]?.subscriptions.size, 1);
  two.close();
  const again = client.watchJob('job-1');
  await world.advance(3_000);
  assert.equal(world.service.starts, 1);
  again.close();
  await world.advance(20_000);
  assert.equal(world.service.sockets.size, 0);
  const third = client.watchJob('job-1');
  await world.advance(1_000);
  assert.equal(third.getState().verdict, 'whole');
});

for (const hidesDate of [false, true]) {
  test(`liveness follows from time alone, by the clock of the service, ${hidesDate ? 'as its sessions' : 'as its answers'} tell it`, async () => {
    const world = new World();
    world.hidesDate = hidesDate;
    world.service.clockAhead = -600_000; // ours is ten minutes fast
    world.clock.now -= 600_000;
    world.service.commit('job-1', [GEO]);
    world.clock.now += 600_000;
    const watch = world.connect().watchJob('job-1');
    const seen: (string | null)[] = [];
    watch.subscribe(({ job }) => seen.push(job.liveness));
    await world.advance(60_000);
    assert.equal(watch.getState().job.liveness, 'live');
    await world.advance(20_000);
    assert.equal(watch.getState().job.liveness, 'stale');
    await world.advance(300_000);
    assert.equal(watch.getState().job.liveness, 'lost');
    // A job that is read before the first position is judged by our own clock for that moment.
    assert.deepEqual([...new Set(seen.slice(seen.indexOf('live')))], ['live', 'stale', 'lost']);
  });
}

test('the session is extended, and closed at the end of the page', async () => {
  const world = new World();
  world.connect().watchJob('job-1');
  await world.advance(3_600_000);
  assert.equal(world.service.sessions.size, 1);
  assert.ok([...world.service.sessions.values()].every((end) => end > world.clock.now));
  world.leave();
  await world.advance(100);
  assert.equal(world.service.sessions.size, 0);
  assert.equal(world.asked.at(-1)?.keepalive, true);
});

test("the user's jobs are listed, running ones are followed, and new ones appear", async () => {
  const world = new World();
  world.service.commit('job-1', [GEO, DONE]);
  await world.advance(1_000);
  world.service.commit('job-2', [GEO]);
  const client = world.connect();
  const watch = watchUser(client);
  await world.advance(2_000);
  assert.deepEqual(
    watch.getState().jobs.map(({ jobId, overallStatus }) => [jobId, overallStatus]),
    [
      ['job-2', 'processing'],
      ['job-1', 'completed'],
    ]
  );
  world.service.commit('job-2', [DONE]);
  world.service.commit('job-3', [GEO]);
  await world.advance(500);
  assert.deepEqual(
    watch.getState().jobs.map(({ jobId, overallStatus }) => [jobId, overallStatus]),
    [
      ['job-3', 'processing'],
      ['job-2', 'completed'],
      ['job-1', 'completed'],
    ]
  );
  assert.equal(watch.getState().jobs[0]?.agents.length, 1);
  assert.equal(world.service.starts, 1);
  watch.close();
});

test('a job that ends is listed as ended with its push, however many others run', async () => {
  const world = new World();
  for (const number of upTo(40)) {
    world.service.commit(`job-${number}`, [GEO]);
    await world.advance(100);
  }
  const watch = watchUser(world.connect(), { pageSize: 50 });
  await world.advance(3_000);
  const running = () => watch.getState().jobs.filter(({ overallStatus }) => overallStatus === 'processing').length;
  assert.equal(running(), 40);
  for (const number of upTo(15)) {
    world.service.commit(`job-${number}`, [{ ...GEO, status: 'agent_complete' }, DONE]);
  }
  await world.advance(200);
  assert.equal(running(), 25);
  world.service.commit('job-41', [GEO]);
  await world.advance(200);
  assert.deepEqual([watch.getState().jobs[0]?.jobId, running()], ['job-41', 26]);
});

test('while the service is down, the client requests and connects less and less often', async () => {
  const world = new World();
  const client = world.connect();
  const watches = upTo(10).map((number) => client.watchJob(`job-${number}`));
  await world.advance(5_000);
  world.service.isDown = true;
  world.service.dropAll();
  await world.advance(120_000);
  const [asked, opened] = [world.asked.length, world.opened.length];
  await world.advance(600_000);
  assert.ok(world.opened.length - opened <= 600 / 15, `${world.opened.length - opened} sockets`);
  assert.ok(world.asked.length - asked <= 600 / 15, `${world.asked.length - asked} requests`);
  world.service.isDown = false;
  await world.advance(31_000);
  assert.ok(watches.every((watch) => watch.getState().verdict === 'whole'));
});

test('without watched jobs the session ends, and a later watch opens it again', async () => {
  const world = new World();
  const client = world.connect();
  const watch = client.watchJob('job-1');
  await world.advance(60_000);
  assert.equal(world.service.sessions.size, 1);
  watch.close();
  await world.advance(310_000);
  assert.equal(world.service.sessions.size, 0);
  watchTenant(client);
  await world.advance(310_000);
  assert.equal(world.service.sessions.size, 1);
});

test('a client that was closed before anything was watched stays closed', async () => {
  const world = new World();
  const client = world.connect();
  client.close();
  const watches = [client.watchJob('job-1'), watchUser(client), watchTenant(client)];
  await world.advance(60_000);
  assert.deepEqual(
    watches.map((watch) => watch.getState().connection),
    watches.map(() => 'closed')
  );
  assert.equal(world.asked.length, 0);
  assert.equal(world.clock.next, null, 'no timer runs');
});

test('a closed client opens no socket', async () => {
  const world = new World();
  const client = world.connect();
  const watch = client.watchJob('job-1');
  await world.advance(1_000);
  watch.check(); // on its way when the client is closed
  client.close();
  await world.advance(1_000);
  const before = world.asked.length;
  client.watchJob('job-2');
  world.wake();
  await world.advance(600_000);
  assert.equal(world.asked.length, before);
  assert.equal(world.service.sessions.size, 0);
  assert.equal(world.opened.length, 1);
  assert.equal(world.clock.next, null, 'no timer is left');
});

test('details of a status are read by its sequence', async () => {
  const world = new World();
  const asking = world.connect().getStatusDetail('job-1', 3);
  await world.advance(1_000);
  assert.deepEqual(await asking, { jobId: 'job-1', sequence: 3, detail: { prompt: 'long' }, operatorDetail: null });
});

test('a client whose login was ended rarely asks, reports a code, and recovers after a new login', async () => {
  const world = new World();
  world.service.commit('job-1', [GEO]);
  const watch = world.connect().watchJob('job-1');
  await world.advance(5_000);
  world.service.isLoginEnded = true;
  world.service.dropAll();
  await world.advance(30_000);
  assert.deepEqual([watch.getState().verdict, watch.getState().reason], ['behind', 'forbidden']);
  assert.deepEqual([watch.getState().error?.code, watch.getState().error?.retriable], ['login_ended', false]);
  assert.deepEqual(sequences(watch.getState()), [1]);
  const before = world.asked.length;
  await world.advance(200_000);
  assert.ok(world.asked.length - before < 15, `${world.asked.length - before} requests`);
  world.service.isLoginEnded = false;
  world.service.commit('job-1', [DONE]);
  world.wake();
  await world.advance(1_000);
  assert.equal(watch.getState().verdict, 'whole');
  assert.equal(watch.getState().job.overallStatus, 'completed');
});

test('a job with more agents than getJob returns is read from its log', async () => {
  const world = new World();
  world.service.hasTooManyAgents = true;
  for (let n = 0; n < 700; n += 1) {
    world.service.commit('job-1', [{ ...GEO, agentName: `Agent ${n}` }]);
  }
  const watch = world.connect().watchJob('job-1');
  await world.advance(3_000);
  assert.equal(watch.getState().verdict, 'whole');
  assert.deepEqual(sequences(watch.getState()), upTo(700));
});
