// Everything that is kept for a login goes with it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { watchTenant, watchUser } from '../src/lists/index.ts';

import { sharedTabs } from '../src/tabs/index.ts';
import { World } from './sim/world.ts';
import { jwt } from './tokens.ts';

const STEP = { type: 'agent_status', status: 'agent_invoking', message: 'Reading', agentName: 'Geo Agent' };
const OF_BORIS = { ...STEP, userId: 'boris' };

/** A client whose token callback answers for the user that is signed in. */
function signedIn(world: World, more: object = {}) {
  const state = { sub: 'ana' };
  const token = () => world.service.newToken(world.clock.now / 1000 + 60, state.sub);
  return { client: world.connect({ auth: { type: 'cognito', token }, ...more }), state };
}

for (const [how, tabs] of [
  ['its own socket', undefined],
  ['a socket for all tabs', sharedTabs(null)],
] as const) {
  test(`after a token of another user, with ${how}, only the new user's jobs and statuses are there, and live`, async () => {
    const world = new World();
    world.service.commit('of-ana', [STEP, STEP]);
    world.service.commit('of-boris', [OF_BORIS]);
    const { client, state } = signedIn(world, tabs ? { tabs } : {});
    const [watch, list, others] = [client.watchJob('of-ana'), watchUser(client), client.watchJob('of-boris')];
    await world.advance(5_000);
    assert.equal(watch.getState().updates.length, 2);
    assert.equal(others.getState().updates.length, 0);
    state.sub = 'boris';
    world.service.expireTokens();
    await world.advance(25_000);
    assert.deepEqual(
      list.getState().jobs.map(({ jobId }) => jobId),
      ['of-boris']
    );
    assert.deepEqual([watch.getState().updates, watch.getState().job.sequence], [[], 0]);
    assert.deepEqual([watch.getState().verdict, others.getState().verdict], ['whole', 'whole']);
    const asked = world.asked.length;
    world.service.commit('of-boris', [OF_BORIS]);
    world.service.commit('of-ana', [STEP]);
    await world.advance(100);
    assert.equal(others.getState().updates.length, 2);
    assert.equal(watch.getState().updates.length, 0);
    assert.equal(world.asked.length, asked, 'by its push');
    assert.equal(world.service.sockets.size, 1);
    client.close();
  });
}

test('a new token of the same user changes nothing', async () => {
  const world = new World();
  world.service.commit('of-ana', [STEP]);
  const { client } = signedIn(world);
  const watch = client.watchJob('of-ana');
  await world.advance(5_000);
  const [{ updates }, opened] = [watch.getState(), world.opened.length];
  world.service.expireTokens();
  world.wake();
  await world.advance(90_000);
  assert.equal(watch.getState().updates, updates);
  assert.equal(world.opened.length, opened);
  client.close();
});

test('a late answer for the former user is not shown', async () => {
  const world = new World();
  world.service.commit('of-ana', [STEP]);
  const { client, state } = signedIn(world);
  const list = watchUser(client);
  await world.advance(5_000);
  world.service.way = () => 6_000;
  void list.refresh();
  await world.advance(6_500); // ana's list is on its way back
  world.service.way = () => 10;
  state.sub = 'boris';
  world.service.expireTokens();
  client.query('{ position }').catch(() => undefined); // its token is refused: the callback gives one of boris
  await world.advance(500);
  assert.deepEqual(list.getState().jobs, []);
  await world.advance(20_000);
  assert.deepEqual(list.getState().jobs, []);
  client.close();
});

for (const [auth, claims] of [
  [
    { type: 'cognito', userClaim: 'cognito:username' },
    { 'cognito:username': 'oda', username: 'not this' },
  ],
  [{ type: 'cognito', userClaim: 'username' }, { username: 'oda' }],
  [
    { type: 'oidc', userClaim: 'login' },
    { login: 'oda', username: 'not this' },
  ],
  [{ type: 'cognito' }, { sub: 'oda', username: 'not this' }],
] as const) {
  test(`the user is read from the claim that the deployment names: ${JSON.stringify([auth, claims])}`, async () => {
    const world = new World();
    const token = world.service.admit(
      jwt({ sub: 'not this', tenantId: 'city', exp: world.clock.now / 1000 + 86_400, ...claims })
    );
    const client = world.connect({ auth: { ...auth, token: () => token } });
    const watched = client.watchJob('job-1');
    await world.advance(5_000);
    const [subscription] = [...world.service.sockets].flatMap((socket) => [...socket.subscriptions.values()]);
    assert.equal(subscription?.variables.userId, 'oda');
    watched.close();
    client.close();
  });
}

test('the tenant is read from the claim that the deployment names, and from no other', async () => {
  const world = new World();
  world.service.commit('job-1', [STEP]);
  const token = world.service.admit(jwt({ sub: 'oda', tenantId: 'not this', org: 'city', exp: world.clock.now / 1000 + 86_400 }));
  const watch = watchTenant(world.connect({ auth: { type: 'oidc', token: () => token, tenantClaim: 'org' } }));
  await world.advance(5_000);
  assert.equal(watch.getState().connection, 'live');
  world.service.commit('job-1', [STEP]);
  await world.advance(100);
  assert.deepEqual(
    watch.getState().jobs.map(({ jobId }) => jobId),
    ['job-1']
  );
  const [subscription] = [...world.service.sockets].flatMap((socket) => [...socket.subscriptions.values()]);
  assert.equal(subscription?.variables.tenantId, 'city');
});
