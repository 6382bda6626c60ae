import assert from 'node:assert/strict';
import test from 'node:test';

import { GraphQLError, RealtimeConnection, base64url, listOf, query, realtimeUrlOf, reconnectDelay } from '../appsync.js';
import { FakeTimers, settled } from './statuses.js';

/** A socket whose other end is the test. */
class FakeSocket {
  static opened = [];
  sent = [];

  constructor(url, protocols) {
    Object.assign(this, { url, protocols });
    FakeSocket.opened.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.isClosed = true;
  }

  receive(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  acknowledge() {
    this.onopen?.();
    this.receive({ type: 'connection_ack', payload: { connectionTimeoutMs: 300000 } });
  }
}

async function connected(options = {}) {
  FakeSocket.opened = [];
  const timers = new FakeTimers();
  const states = [];
  const connection = new RealtimeConnection({
    graphqlUrl: 'http://127.0.0.1:4000/graphql',
    getToken: async () => 'id-token',
    onState: (state) => states.push(state),
    WebSocket: FakeSocket,
    random: () => 0.5,
    timers,
    ...options,
  });
  const heard = [];
  connection.subscribe({
    document: 'subscription { s }',
    variables: { userId: 'ana' },
    onData: (data) => heard.push(data),
    onReady: () => heard.push('ready'),
    onError: (error) => heard.push(error.message),
  });
  await connection.open();
  FakeSocket.opened[0]?.acknowledge();
  await settled();
  return { connection, timers, states, heard, socket: FakeSocket.opened[0] };
}

test('the socket address is derived as AppSync clients do', () => {
  const id = 'a'.repeat(26);
  assert.equal(
    realtimeUrlOf(`https://${id}.appsync-api.eu-west-1.amazonaws.com/graphql`),
    `wss://${id}.appsync-realtime-api.eu-west-1.amazonaws.com/graphql`
  );
  assert.equal(realtimeUrlOf('https://api.example.com/graphql'), 'wss://api.example.com/graphql/realtime');
  assert.equal(realtimeUrlOf('http://127.0.0.1:4000/graphql'), 'ws://127.0.0.1:4000/graphql/realtime');
});

test('the token travels in the subprotocol, never in the address', async () => {
  const { socket } = await connected();
  const [name, header] = socket.protocols;
  assert.equal(name, 'graphql-ws');
  const text = Buffer.from(header.slice('header-'.length), 'base64url').toString();
  assert.deepEqual(JSON.parse(text), { host: '127.0.0.1:4000', Authorization: 'id-token' });
  assert.doesNotMatch(header, /[+/=]/);
  assert.ok(!socket.url.includes('id-token'));
});

test('base64url writes any text without the three characters of base64', () => {
  assert.equal(Buffer.from(base64url('{"a":"ü?>~"}'), 'base64url').toString(), '{"a":"ü?>~"}');
});

test('a subscription starts after the ack and hands on its data', async () => {
  const { socket, heard, states } = await connected();
  assert.deepEqual(socket.sent.map(({ type }) => type), ['connection_init', 'start']);
  const { id, payload } = socket.sent[1];
  assert.deepEqual(JSON.parse(payload.data), { query: 'subscription { s }', variables: { userId: 'ana' } });
  assert.equal(payload.extensions.authorization.Authorization, 'id-token');
  socket.receive({ type: 'start_ack', id });
  socket.receive({ type: 'ka' });
  socket.receive({ type: 'data', id, payload: { data: { s: 1 } } });
  socket.receive({ type: 'data', id: 'unknown', payload: { data: { s: 2 } } });
  assert.deepEqual(heard, ['ready', { s: 1 }]);
  assert.deepEqual(states.map(({ state }) => state), ['connecting', 'live']);
});

test('errors are understood as a list and as one object', async () => {
  assert.deepEqual(listOf({ message: 'a' }), [{ message: 'a' }]);
  assert.deepEqual(listOf(undefined), []);
  const { socket, heard } = await connected();
  const { id } = socket.sent[1];
  socket.receive({ type: 'error', id, payload: { errors: [{ errorType: 'Forbidden', message: 'Not yours.' }] } });
  socket.receive({ type: 'error', id, payload: { errors: { errorType: 'LimitExceededError', message: 'Too fast.' } } });
  assert.deepEqual(heard, ['Not yours.', 'Too fast.']);
});

test('a lost socket comes back after a while and starts its subscriptions again', async () => {
  const { socket, timers, states, heard } = await connected();
  socket.onclose();
  assert.equal(states.at(-1).state, 'waiting');
  await timers.advance(states.at(-1).delay);
  const next = FakeSocket.opened[1];
  next.acknowledge();
  await settled();
  const start = next.sent.find(({ type }) => type === 'start');
  assert.notEqual(start.id, socket.sent[1].id);
  next.receive({ type: 'start_ack', id: start.id });
  assert.deepEqual(heard, ['ready']);
});

test('silence beyond the timeout counts as a lost socket', async () => {
  const { timers, states, socket } = await connected();
  await timers.advance(299_000);
  assert.equal(states.at(-1).state, 'live');
  await timers.advance(1_000);
  assert.equal(states.at(-1).state, 'waiting');
  assert.ok(socket.isClosed);
});

test('keep-alives keep it', async () => {
  const { timers, states, socket } = await connected();
  for (let minute = 0; minute < 20; minute += 1) {
    await timers.advance(60_000);
    socket.receive({ type: 'ka' });
  }
  assert.equal(states.at(-1).state, 'live');
});

test('a refused handshake is told and tried again later', async () => {
  const { socket, states, timers } = await connected();
  socket.onclose();
  await timers.advance(states.at(-1).delay);
  const next = FakeSocket.opened[1];
  next.onopen();
  next.receive({ type: 'connection_error', payload: { errors: [{ message: 'Token has expired.', errorCode: 401 }] } });
  assert.equal(states.at(-1).state, 'waiting');
  assert.equal(states.at(-1).message, 'Token has expired.');
});

test('without a token there is no socket and no endless retry', async () => {
  const { states, timers } = await connected({
    getToken: async () => {
      throw new Error('Signed out.');
    },
  });
  assert.equal(states.at(-1).state, 'refused');
  assert.equal(timers.count, 0);
});

test('a closed connection stays closed', async () => {
  const { connection, timers } = await connected();
  connection.close();
  await timers.advance(600_000);
  assert.equal(FakeSocket.opened.length, 1);
});

test('ending a subscription tells the service', async () => {
  const { connection, socket } = await connected();
  const end = connection.subscribe({ document: 'subscription { t }', variables: {}, onData: () => {} });
  await settled();
  end();
  assert.equal(socket.sent.at(-1).type, 'stop');
});

test('delays grow to a bound and are spread', () => {
  assert.equal(reconnectDelay(0, () => 0), 250);
  assert.equal(reconnectDelay(0, () => 1), 500);
  assert.equal(reconnectDelay(50, () => 1), 30_000);
  assert.notEqual(reconnectDelay(3, () => 0.1), reconnectDelay(3, () => 0.9));
});

test('errors on HTTP 200 are errors', async () => {
  const fetch = async () => new Response(JSON.stringify({ data: { getJob: null }, errors: [{ message: 'Not yours.', errorType: 'Forbidden' }] }));
  await assert.rejects(query('http://x/graphql', 't', 'query { a }', {}, fetch), (error) => {
    assert.ok(error instanceof GraphQLError);
    assert.equal(error.errorType, 'Forbidden');
    return true;
  });
});
