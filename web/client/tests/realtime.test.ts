import assert from 'node:assert/strict';
import test from 'node:test';

import { errorOf, StatusbeamError } from '../src/errors.ts';
import { base64url, readFrame, realtimeUrlOf, subprotocols } from '../src/realtime/wire.ts';
import { backoff, TIMING } from '../src/timing.ts';
import { framesOf, Transcript } from './sim/wire.ts';

const types = (commands: readonly { type: string }[]) => commands.map(({ type }) => type);

test('the socket address is derived as AppSync clients do', () => {
  const id = 'a'.repeat(26);
  const cases = [
    [
      `https://${id}.appsync-api.eu-west-1.amazonaws.com/graphql`,
      `wss://${id}.appsync-realtime-api.eu-west-1.amazonaws.com/graphql`,
    ],
    ['https://api.example.com/graphql', 'wss://api.example.com/graphql/realtime'],
    ['http://127.0.0.1:4000/graphql', 'ws://127.0.0.1:4000/graphql/realtime'],
  ] as const;
  for (const [graphql, realtime] of cases) {
    assert.equal(realtimeUrlOf(graphql), realtime);
  }
});

test('the authorization travels in the subprotocol, in base64url without padding', () => {
  const [name, header] = subprotocols('https://api.example.com/graphql', { Authorization: 'ü?>~token' });
  assert.equal(name, 'graphql-ws');
  assert.match(header ?? '', /^header-[\w-]+$/);
  const text = Buffer.from((header ?? '').slice('header-'.length), 'base64url').toString();
  assert.deepEqual(JSON.parse(text), { host: 'api.example.com', Authorization: 'ü?>~token' });
  assert.equal(Buffer.from(base64url('x'.repeat(20_000)), 'base64url').length, 20_000);
});

test('frames mean what they say, and what is unknown is a sign of life', () => {
  const frames: [unknown, object][] = [
    [
      { type: 'connection_ack', payload: { connectionTimeoutMs: 300_000 } },
      { type: 'ack', timeoutMs: 300_000 },
    ],
    [{ type: 'connection_ack' }, { type: 'ack', timeoutMs: null }],
    [{ type: 'ka' }, { type: 'alive' }],
    [
      { type: 'start_ack', id: '1' },
      { type: 'started', id: '1' },
    ],
    [
      { type: 'complete', id: '1' },
      { type: 'complete', id: '1' },
    ],
    [
      { type: 'data', id: '1', payload: { data: { a: 1 } } },
      { type: 'data', id: '1', data: { a: 1 } },
    ],
    [{ type: 'data', id: '1', payload: { data: null } }, { type: 'alive' }],
    [{ type: 'something new', id: '1' }, { type: 'alive' }],
    [[], { type: 'alive' }],
    ['text', { type: 'alive' }],
  ];
  for (const [frame, meaning] of frames) {
    assert.deepEqual(readFrame(JSON.stringify(frame)), meaning);
  }
  assert.deepEqual(readFrame('not json'), { type: 'alive' });
});

test('errors are understood as a list and as one object, by type, code and words', () => {
  const cases: [unknown, string][] = [
    [[{ errorType: 'UnauthorizedException', message: 'You are not authorized to make this call.' }], 'unauthorized'],
    [[{ errorType: 'com.amazonaws.deepdish.graphql.auth#UnauthorizedException', message: '', errorCode: 400 }], 'unauthorized'],
    [[{ errorType: 'BadRequestException', message: 'Token has expired.' }], 'unauthorized'],
    [[{ errorType: 'Forbidden', message: 'Not yours.' }], 'forbidden'],
    [[{ message: 'no', errorCode: 403 }], 'forbidden'],
    [{ errorType: 'LimitExceededError', message: 'Rate limit exceeded' }, 'limited'],
    [{ errorType: 'MaxSubscriptionsReachedError', message: 'Max number of 100 subscriptions reached' }, 'limited'],
    [[{ errorType: 'WAFForbiddenException', message: '403 Forbidden' }], 'limited'],
    [[{ errorType: 'ValidationError', message: 'no such field' }], 'bad_request'],
    [[{ errorType: 'StoreUnavailable', message: 'Try again.' }], 'unavailable'],
    [undefined, 'unavailable'],
    [[], 'unavailable'],
  ];
  for (const [errors, code] of cases) {
    assert.equal(errorOf(errors).code, code, JSON.stringify(errors));
  }
  assert.equal(errorOf([{ errorType: 'Forbidden', message: 'Not yours.' }]).message, 'Not yours.');
});

test('a subscription starts after the ack, authorized by itself', () => {
  const wire = new Transcript();
  wire.want('a');
  const first = wire.take();
  assert.deepEqual(types(first), ['state', 'connect']);
  wire.realtime.opened(1);
  assert.deepEqual(framesOf(wire.take()), [{ type: 'connection_init' }]);
  wire.receive(1, { type: 'connection_ack', payload: {} });
  const [start] = framesOf(wire.take()) as [{ id: string; payload: { data: string; extensions: object } }];
  assert.deepEqual(JSON.parse(start.payload.data), { query: 'subscription a', variables: { key: 'a' } });
  assert.deepEqual(start.payload.extensions, { authorization: { host: 'api.example.com', Authorization: 'token-1' } });
  wire.receive(1, { type: 'start_ack', id: start.id });
  wire.receive(1, { type: 'data', id: start.id, payload: { data: { n: 1 } } });
  wire.receive(1, { type: 'data', id: 'unknown', payload: { data: { n: 2 } } });
  assert.deepEqual(wire.take(), [
    { type: 'started', key: 'a' },
    { type: 'data', key: 'a', data: { n: 1 } },
  ]);
});

test('a socket that closes comes back soon, under new ids', () => {
  const wire = new Transcript();
  const { id } = wire.stand('a');
  wire.now += 60_000;
  wire.realtime.closed(1);
  assert.deepEqual(types(wire.take()), ['disconnect', 'interrupted', 'state']);
  assert.ok((wire.timers.get('reconnect') ?? 0) <= 400);
  wire.realtime.timer('reconnect');
  const link = wire.connected();
  wire.realtime.opened(link);
  wire.receive(link, { type: 'connection_ack' });
  assert.notEqual(wire.started(wire.take()), id);
});

test('frames of a link that was given up mean nothing', () => {
  const wire = new Transcript();
  const { id } = wire.stand('a');
  wire.realtime.closed(1);
  wire.take();
  wire.receive(1, { type: 'data', id, payload: { data: {} } });
  wire.realtime.closed(1);
  assert.deepEqual(wire.take(), []);
});

test('silence beyond the timeout is a lost socket; keep-alives are no silence', () => {
  const wire = new Transcript();
  wire.stand('a');
  for (let minute = 0; minute < 10; minute += 1) {
    wire.now += 60_000;
    wire.receive(1, { type: 'ka' });
    wire.realtime.timer('silence');
    assert.deepEqual(wire.take(), []);
  }
  wire.now += TIMING.silence;
  wire.realtime.timer('silence');
  assert.deepEqual(types(wire.take()), ['disconnect', 'interrupted', 'state']);
});

test('a handshake or a start that gets no answer is given up', () => {
  for (const [name, until] of [
    ['handshake', 0],
    ['starts', 1],
  ] as const) {
    const wire = new Transcript();
    wire.want('a');
    const link = wire.connected();
    if (until > 0) {
      wire.realtime.opened(link);
      wire.receive(link, { type: 'connection_ack' });
      wire.take();
    }
    assert.ok(wire.timers.has(name));
    wire.realtime.timer(name);
    wire.take();
    assert.ok(wire.timers.has('reconnect'), name);
  }
});

test('a refused token is renewed at once, then with growing pauses', () => {
  const wire = new Transcript();
  wire.want('a');
  const pauses: number[] = [];
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const connect = wire.take().find((command) => command.type === 'connect') as { link: number; protocols: string[] };
    const { Authorization } = JSON.parse(Buffer.from((connect.protocols[1] ?? '').slice(7), 'base64url').toString()) as {
      Authorization: string;
    };
    assert.equal(Authorization.endsWith('-renewed'), attempt > 0);
    wire.receive(connect.link, {
      type: 'connection_error',
      payload: { errors: [{ errorType: 'UnauthorizedException', message: 'Token has expired.' }] },
    });
    wire.take();
    pauses.push(wire.timers.get('reconnect') ?? -1);
    wire.realtime.timer('reconnect');
  }
  assert.equal(pauses[0], 0);
  assert.ok((pauses[1] ?? 0) < (pauses[2] ?? 0) && (pauses[2] ?? 0) < (pauses[3] ?? 0), String(pauses));
});

test('a handshake that is answered with a bare error is refused as well, and its token renewed', () => {
  const wire = new Transcript();
  wire.want('a');
  const link = wire.connected();
  wire.realtime.opened(link);
  wire.receive(link, {
    type: 'error',
    payload: { errors: [{ errorType: 'UnauthorizedException', message: 'Token has expired.' }] },
  });
  wire.realtime.closed(link);
  wire.take();
  wire.realtime.timer('reconnect');
  const connect = wire.take().find((command) => command.type === 'connect') as { protocols: string[] };
  assert.match(Buffer.from((connect.protocols[1] ?? '').slice(7), 'base64url').toString(), /-renewed/);
});

test('a subscription refused for its token is started once more with a new one, a forbidden one is not', () => {
  const wire = new Transcript();
  const { link } = wire.stand('a');
  wire.want('b');
  const first = wire.started(wire.take());
  wire.receive(link, { type: 'error', id: first, payload: { errors: [{ errorType: 'Unauthorized', message: 'expired' }] } });
  const again = wire.take();
  const [frame] = framesOf(again) as [{ payload: { extensions: { authorization: { Authorization: string } } } }];
  assert.match(frame.payload.extensions.authorization.Authorization, /-renewed$/);
  const second = wire.started(again);
  wire.receive(link, { type: 'error', id: second, payload: { errors: [{ errorType: 'Unauthorized', message: 'expired' }] } });
  assert.deepEqual(types(wire.take()), ['refused']);
  wire.want('c');
  const third = wire.started(wire.take());
  wire.receive(link, { type: 'error', id: third, payload: { errors: [{ errorType: 'Forbidden', message: 'Not yours.' }] } });
  assert.deepEqual(types(wire.take()), ['refused']);
  assert.ok(wire.realtime.isStanding('a'));
});

test('a rate limit without an id hits what was not answered, which is started again later', () => {
  const wire = new Transcript();
  const { link } = wire.stand('a');
  wire.want('b');
  wire.take();
  wire.receive(link, { type: 'error', payload: { errors: { errorType: 'LimitExceededError', message: 'Rate limit exceeded' } } });
  assert.deepEqual(types(wire.take()), ['refused']);
  assert.ok((wire.timers.get('again') ?? 0) > 0);
  wire.realtime.timer('again');
  assert.equal(framesOf(wire.take()).length, 1);
  assert.ok(wire.realtime.isStanding('a'));
});

for (const errorType of ['StoreUnavailable', 'MaxSubscriptionsReachedError']) {
  test(`a subscription that fails for now (${errorType}) is started again after growing pauses, whatever else is wanted`, () => {
    const wire = new Transcript();
    const { link } = wire.stand('a');
    wire.want('b');
    const pauses: number[] = [];
    for (let time = 0; time < 3; time += 1) {
      const id = wire.started(wire.take());
      wire.receive(link, { type: 'error', id, payload: { errors: { errorType, message: 'Not now.' } } });
      wire.want(`c${time}`);
      assert.deepEqual(
        framesOf(wire.take()).map(({ payload }) => JSON.parse((payload as { data: string }).data).variables.key),
        [`c${time}`],
        'what failed waits'
      );
      pauses.push(wire.timers.get('again') ?? 0);
      wire.realtime.timer('again');
    }
    const [first = 0, second = 0, third = 0] = pauses;
    assert.ok(0 < first && first < second && second < third, String(pauses));
    const id = wire.started(wire.take());
    wire.receive(link, { type: 'start_ack', id });
    assert.ok(wire.realtime.isStanding('b'));
  });
}

test('a renewal does not wait for what does not stand on the old link either', () => {
  const wire = new Transcript();
  const { link } = wire.stand('a');
  wire.want('b');
  const limited = { errors: { errorType: 'MaxSubscriptionsReachedError', message: 'Max number of 100 subscriptions reached' } };
  wire.receive(link, { type: 'error', id: wire.started(wire.take()), payload: limited });
  wire.realtime.timer('renewal');
  const next = wire.connected();
  wire.realtime.opened(next);
  wire.receive(next, { type: 'connection_ack' });
  const [a, b] = framesOf(wire.take()).filter(({ type }) => type === 'start');
  wire.receive(next, { type: 'error', id: b?.id, payload: limited });
  wire.receive(next, { type: 'start_ack', id: a?.id });
  assert.ok(wire.take().some((command) => command.type === 'disconnect' && command.link === link));
});

test('a link is renewed before it goes: the old one is let go when all stands on the new one', () => {
  const wire = new Transcript();
  const { link } = wire.stand('a');
  wire.want('b');
  wire.receive(link, { type: 'start_ack', id: wire.started(wire.take()) });
  wire.take();
  assert.ok((wire.timers.get('renewal') ?? 0) < 24 * 3_600_000);
  wire.realtime.timer('renewal');
  const next = wire.connected();
  wire.realtime.opened(next);
  wire.receive(next, { type: 'connection_ack' });
  const ids = framesOf(wire.take()).filter(({ type }) => type === 'start');
  assert.equal(ids.length, 2);
  wire.receive(next, { type: 'start_ack', id: ids[0]?.id });
  assert.deepEqual(types(wire.take()), ['started']);
  wire.receive(next, { type: 'start_ack', id: ids[1]?.id });
  assert.deepEqual(wire.take(), [
    {
      type: 'started',
      key: String(
        (JSON.parse((ids[1] as { payload: { data: string } }).payload.data) as { variables: { key: string } }).variables.key
      ),
    },
    { type: 'disconnect', link },
  ]);
  assert.equal(wire.realtime.state, 'live');
});

test('a renewal that fails leaves the old link, one whose old link dies goes on alone', () => {
  const failing = new Transcript();
  failing.stand('a');
  failing.realtime.timer('renewal');
  failing.realtime.closed(failing.connected());
  assert.deepEqual(types(failing.take()), ['disconnect']);
  assert.ok(failing.realtime.isStanding('a'));
  assert.equal(failing.timers.get('renewal'), 60_000);

  const dying = new Transcript();
  const { link } = dying.stand('a');
  dying.realtime.timer('renewal');
  const next = dying.connected();
  dying.realtime.closed(link);
  assert.deepEqual(types(dying.take()), ['disconnect', 'interrupted', 'state']);
  assert.ok(!dying.timers.has('reconnect'));
  dying.realtime.opened(next);
  dying.receive(next, { type: 'connection_ack' });
  dying.receive(next, { type: 'start_ack', id: dying.started(dying.take()) });
  assert.ok(dying.realtime.isStanding('a'));
});

test('a subscription that the service ends is asked for anew', () => {
  const wire = new Transcript();
  const { link, id } = wire.stand('a');
  wire.receive(link, { type: 'complete', id });
  assert.deepEqual(types(wire.take()), ['disconnect', 'interrupted', 'state']);
  assert.ok(wire.timers.has('reconnect'));
});

test('a socket that nobody needs is closed after a while', () => {
  const wire = new Transcript();
  const { link, id } = wire.stand('a');
  wire.realtime.unwant('a');
  assert.deepEqual(framesOf(wire.take()), [{ type: 'stop', id }]);
  wire.realtime.timer('idle');
  assert.deepEqual(wire.take(), [
    { type: 'disconnect', link },
    { type: 'state', state: 'idle', error: null },
  ]);
  assert.deepEqual(
    [...wire.timers.keys()].filter((name) => name !== 'idle'),
    []
  );
});

test('what is wanted after a pause in which nothing was wanted is connected for', () => {
  const wire = new Transcript();
  wire.stand('a');
  wire.realtime.closed(1);
  wire.realtime.unwant('a');
  wire.realtime.timer('reconnect');
  wire.take();
  wire.want('b');
  assert.ok(types(wire.take()).includes('connect'));
});

test('waking up, a link that was silent for long is not trusted, and a pause is cut short', () => {
  const wire = new Transcript();
  wire.stand('a');
  wire.now += 30_000;
  wire.realtime.wake();
  assert.deepEqual(wire.take(), []);
  wire.now += 60_000;
  wire.realtime.wake();
  assert.ok(types(wire.take()).includes('interrupted'));
  wire.realtime.wake();
  assert.ok(types(wire.take()).includes('connect'));
});

test('without a token there is a pause, and the reason is told', () => {
  const wire = new Transcript();
  wire.want('a');
  const authorize = wire.realtime.take().find((command) => command.type === 'authorize') as { ticket: number };
  wire.realtime.unauthorizable(authorize.ticket, new StatusbeamError('unauthorized', 'Signed out.'));
  const state = wire.take().find((command) => command.type === 'state') as { error: Error };
  assert.equal(state.error.message, 'Signed out.');
  assert.ok(wire.timers.has('reconnect'));
});

test('pauses grow to a bound and are spread', () => {
  assert.equal(
    backoff(0, 400, 30_000, () => 0),
    200
  );
  assert.equal(
    backoff(0, 400, 30_000, () => 1),
    400
  );
  assert.equal(
    backoff(50, 400, 30_000, () => 1),
    30_000
  );
  assert.notEqual(
    backoff(3, 400, 30_000, () => 0.1),
    backoff(3, 400, 30_000, () => 0.9)
  );
});
