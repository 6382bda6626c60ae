import assert from 'node:assert/strict';
import test from 'node:test';

import { errorOf, StatusbeamError } from '../src/errors.ts';
import { base64url, readFrame, realtimeUrlOf, subprotocols } from '../src/realtime/protocol.ts';
import { backoff, TIMING } from '../src/timing.ts';
import { framesOf, Transcript } from './sim/transcript.ts';

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

test('frames are parsed, and an unknown one shows that the connection is alive', () => {
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

test('errors are read from a list or one object, by type and code, never by their text', () => {
  const cases: [unknown, string][] = [
    [[{ errorType: 'UnauthorizedException', message: 'You are not authorized to make this call.' }], 'unauthorized'],
    [[{ errorType: 'com.amazonaws.deepdish.graphql.auth#UnauthorizedException', message: '', errorCode: 400 }], 'unauthorized'],
    [[{ errorType: 'BadRequestException', message: 'Token has expired.' }], 'bad_request'],
    [[{ errorType: 'LoginEnded', message: 'This login was ended. Sign in again.' }], 'login_ended'],
    [[{ errorType: 'Forbidden', message: 'This login was ended. Sign in again.' }], 'forbidden'],
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
  const transcript = new Transcript();
  transcript.want('a');
  const first = transcript.take();
  assert.deepEqual(types(first), ['state', 'connect']);
  transcript.realtime.opened(1);
  assert.deepEqual(framesOf(transcript.take()), [{ type: 'connection_init' }]);
  transcript.receive(1, { type: 'connection_ack', payload: {} });
  const [start] = framesOf(transcript.take()) as [{ id: string; payload: { data: string; extensions: object } }];
  assert.deepEqual(JSON.parse(start.payload.data), { query: 'subscription a', variables: { key: 'a' } });
  assert.deepEqual(start.payload.extensions, { authorization: { host: 'api.example.com', Authorization: 'token-1' } });
  transcript.receive(1, { type: 'start_ack', id: start.id });
  transcript.receive(1, { type: 'data', id: start.id, payload: { data: { n: 1 } } });
  transcript.receive(1, { type: 'data', id: 'unknown', payload: { data: { n: 2 } } });
  assert.deepEqual(transcript.take(), [
    { type: 'started', key: 'a' },
    { type: 'data', key: 'a', data: { n: 1 } },
  ]);
});

test('a closed socket is soon reopened, with new ids', () => {
  const transcript = new Transcript();
  const { id } = transcript.subscribe('a');
  transcript.now += 60_000;
  transcript.realtime.closed(1);
  assert.deepEqual(types(transcript.take()), ['disconnect', 'interrupted', 'state']);
  assert.ok((transcript.timers.get('retry') ?? 0) <= 400);
  transcript.realtime.timer('retry');
  const link = transcript.connected();
  transcript.realtime.opened(link);
  transcript.receive(link, { type: 'connection_ack' });
  assert.notEqual(transcript.started(transcript.take()), id);
});

test('frames of a dropped link have no effect', () => {
  const transcript = new Transcript();
  const { id } = transcript.subscribe('a');
  transcript.realtime.closed(1);
  transcript.take();
  transcript.receive(1, { type: 'data', id, payload: { data: {} } });
  transcript.realtime.closed(1);
  assert.deepEqual(transcript.take(), []);
});

test('silence beyond the timeout is a lost socket; keep-alives are no silence', () => {
  const transcript = new Transcript();
  transcript.subscribe('a');
  for (let minute = 0; minute < 10; minute += 1) {
    transcript.now += 60_000;
    transcript.receive(1, { type: 'ka' });
    transcript.realtime.timer('silence');
    assert.deepEqual(transcript.take(), []);
  }
  transcript.now += TIMING.silence;
  transcript.realtime.timer('silence');
  assert.deepEqual(types(transcript.take()), ['disconnect', 'interrupted', 'state']);
});

test('a handshake or a start without an answer is dropped', () => {
  for (const [name, until] of [
    ['a handshake', 0],
    ['a start', 1],
  ] as const) {
    const transcript = new Transcript();
    transcript.want('a');
    const link = transcript.connected();
    if (until > 0) {
      transcript.realtime.opened(link);
      transcript.receive(link, { type: 'connection_ack' });
      transcript.take();
    }
    assert.equal(transcript.timers.get('answer'), until > 0 ? TIMING.startAck : TIMING.handshake);
    transcript.realtime.timer('answer');
    transcript.take();
    assert.ok(transcript.timers.has('retry'), name);
  }
});

test('a refused token is renewed at once, then with growing pauses', () => {
  const transcript = new Transcript();
  transcript.want('a');
  const pauses: number[] = [];
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const connect = transcript.take().find((command) => command.type === 'connect') as { link: number; protocols: string[] };
    const { Authorization } = JSON.parse(Buffer.from((connect.protocols[1] ?? '').slice(7), 'base64url').toString()) as {
      Authorization: string;
    };
    assert.equal(Authorization.endsWith('-renewed'), attempt > 0);
    transcript.receive(connect.link, {
      type: 'connection_error',
      payload: { errors: [{ errorType: 'UnauthorizedException', message: 'Token has expired.' }] },
    });
    transcript.take();
    pauses.push(transcript.timers.get('retry') ?? -1);
    transcript.realtime.timer('retry');
  }
  assert.equal(pauses[0], 0);
  assert.ok((pauses[1] ?? 0) < (pauses[2] ?? 0) && (pauses[2] ?? 0) < (pauses[3] ?? 0), String(pauses));
});

test('a handshake with a bare error as answer is refused too, and its token renewed', () => {
  const transcript = new Transcript();
  transcript.want('a');
  const link = transcript.connected();
  transcript.realtime.opened(link);
  transcript.receive(link, {
    type: 'error',
    payload: { errors: [{ errorType: 'UnauthorizedException', message: 'Token has expired.' }] },
  });
  transcript.realtime.closed(link);
  transcript.take();
  transcript.realtime.timer('retry');
  const connect = transcript.take().find((command) => command.type === 'connect') as { protocols: string[] };
  assert.match(Buffer.from((connect.protocols[1] ?? '').slice(7), 'base64url').toString(), /-renewed/);
});

test('a subscription refused for its token is started once more with a new one, a forbidden one is not', () => {
  const transcript = new Transcript();
  const { link } = transcript.subscribe('a');
  transcript.want('b');
  const first = transcript.started(transcript.take());
  transcript.receive(link, {
    type: 'error',
    id: first,
    payload: { errors: [{ errorType: 'UnauthorizedException', message: 'Token has expired.' }] },
  });
  const again = transcript.take();
  const [frame] = framesOf(again) as [{ payload: { extensions: { authorization: { Authorization: string } } } }];
  assert.match(frame.payload.extensions.authorization.Authorization, /-renewed$/);
  const second = transcript.started(again);
  transcript.receive(link, {
    type: 'error',
    id: second,
    payload: { errors: [{ errorType: 'UnauthorizedException', message: 'Token has expired.' }] },
  });
  assert.deepEqual(types(transcript.take()), ['refused']);
  transcript.want('c');
  const third = transcript.started(transcript.take());
  transcript.receive(link, {
    type: 'error',
    id: third,
    payload: { errors: [{ errorType: 'Forbidden', message: 'Not yours.' }] },
  });
  assert.deepEqual(types(transcript.take()), ['refused']);
  assert.ok(transcript.realtime.isSubscribed('a'));
});

for (const errorType of ['StoreUnavailable', 'LimitExceededError']) {
  test(`a token that expires after a start that failed for now (${errorType}) is renewed once more`, () => {
    const transcript = new Transcript();
    const { link } = transcript.subscribe('a');
    transcript.want('b');
    const fail = (type: string): void => {
      const id = transcript.started(transcript.take());
      transcript.receive(link, { type: 'error', id, payload: { errors: [{ errorType: type, message: 'No.' }] } });
    };
    fail('UnauthorizedException');
    fail(errorType); // with the renewed token, which the service took
    transcript.take();
    transcript.realtime.timer('retry');
    fail('UnauthorizedException');
    const id = transcript.started(transcript.take());
    transcript.receive(link, { type: 'start_ack', id });
    assert.ok(transcript.realtime.isSubscribed('b'));
  });
}

test('a rate limit without an id concerns unanswered starts, which are repeated later', () => {
  const transcript = new Transcript();
  const { link } = transcript.subscribe('a');
  transcript.want('b');
  transcript.take();
  transcript.receive(link, {
    type: 'error',
    payload: { errors: { errorType: 'LimitExceededError', message: 'Rate limit exceeded' } },
  });
  assert.deepEqual(types(transcript.take()), ['refused']);
  assert.ok((transcript.timers.get('retry') ?? 0) > 0);
  transcript.realtime.timer('retry');
  assert.equal(framesOf(transcript.take()).length, 1);
  assert.ok(transcript.realtime.isSubscribed('a'));
});

for (const errorType of ['StoreUnavailable', 'MaxSubscriptionsReachedError']) {
  test(`a subscription that fails for now (${errorType}) is started again after growing pauses, whatever else is wanted`, () => {
    const transcript = new Transcript();
    const { link } = transcript.subscribe('a');
    transcript.want('b');
    const pauses: number[] = [];
    for (let time = 0; time < 3; time += 1) {
      const id = transcript.started(transcript.take());
      transcript.receive(link, { type: 'error', id, payload: { errors: { errorType, message: 'Not now.' } } });
      transcript.want(`c${time}`);
      assert.deepEqual(
        framesOf(transcript.take()).map(({ payload }) => JSON.parse((payload as { data: string }).data).variables.key),
        [`c${time}`],
        'what failed waits'
      );
      pauses.push(transcript.timers.get('retry') ?? 0);
      transcript.realtime.timer('retry');
    }
    const [first = 0, second = 0, third = 0] = pauses;
    assert.ok(0 < first && first < second && second < third, String(pauses));
    const id = transcript.started(transcript.take());
    transcript.receive(link, { type: 'start_ack', id });
    assert.ok(transcript.realtime.isSubscribed('b'));
  });
}

test('a renewal does not wait for subscriptions that the old link lacks too', () => {
  const transcript = new Transcript();
  const { link } = transcript.subscribe('a');
  transcript.want('b');
  const limited = { errors: { errorType: 'MaxSubscriptionsReachedError', message: 'Max number of 100 subscriptions reached' } };
  transcript.receive(link, { type: 'error', id: transcript.started(transcript.take()), payload: limited });
  transcript.realtime.timer('renewal');
  const next = transcript.connected();
  transcript.realtime.opened(next);
  transcript.receive(next, { type: 'connection_ack' });
  const [a, b] = framesOf(transcript.take()).filter(({ type }) => type === 'start');
  transcript.receive(next, { type: 'error', id: b?.id, payload: limited });
  transcript.receive(next, { type: 'start_ack', id: a?.id });
  assert.ok(transcript.take().some((command) => command.type === 'disconnect' && command.link === link));
});

test('a link is renewed before its end: the old one is closed when the new one has all subscriptions', () => {
  const transcript = new Transcript();
  const { link } = transcript.subscribe('a');
  transcript.want('b');
  transcript.receive(link, { type: 'start_ack', id: transcript.started(transcript.take()) });
  transcript.take();
  assert.ok((transcript.timers.get('renewal') ?? 0) < 24 * 3_600_000);
  transcript.realtime.timer('renewal');
  const next = transcript.connected();
  transcript.realtime.opened(next);
  transcript.receive(next, { type: 'connection_ack' });
  const ids = framesOf(transcript.take()).filter(({ type }) => type === 'start');
  assert.equal(ids.length, 2);
  transcript.receive(next, { type: 'start_ack', id: ids[0]?.id });
  assert.deepEqual(types(transcript.take()), ['started']);
  transcript.receive(next, { type: 'start_ack', id: ids[1]?.id });
  assert.deepEqual(transcript.take(), [
    {
      type: 'started',
      key: String(
        (JSON.parse((ids[1] as { payload: { data: string } }).payload.data) as { variables: { key: string } }).variables.key
      ),
    },
    { type: 'disconnect', link },
  ]);
  assert.equal(transcript.state, 'live');
});

test('a failed renewal keeps the old link, and a renewal whose old link dies continues alone', () => {
  const failing = new Transcript();
  failing.subscribe('a');
  failing.realtime.timer('renewal');
  failing.realtime.closed(failing.connected());
  assert.deepEqual(types(failing.take()), ['disconnect']);
  assert.ok(failing.realtime.isSubscribed('a'));
  assert.equal(failing.timers.get('renewal'), 60_000);

  const dying = new Transcript();
  const { link } = dying.subscribe('a');
  dying.realtime.timer('renewal');
  const next = dying.connected();
  dying.realtime.closed(link);
  assert.deepEqual(types(dying.take()), ['disconnect', 'interrupted', 'state']);
  assert.ok(!dying.timers.has('retry'));
  dying.realtime.opened(next);
  dying.receive(next, { type: 'connection_ack' });
  dying.receive(next, { type: 'start_ack', id: dying.started(dying.take()) });
  assert.ok(dying.realtime.isSubscribed('a'));
});

test('a subscription that the service ends is started again', () => {
  const transcript = new Transcript();
  const { link, id } = transcript.subscribe('a');
  transcript.receive(link, { type: 'complete', id });
  assert.deepEqual(types(transcript.take()), ['disconnect', 'interrupted', 'state']);
  assert.ok(transcript.timers.has('retry'));
});

test('an unused socket is closed after a while', () => {
  const transcript = new Transcript();
  const { link, id } = transcript.subscribe('a');
  transcript.realtime.unwant('a');
  assert.deepEqual(framesOf(transcript.take()), [{ type: 'stop', id }]);
  transcript.realtime.timer('idle');
  assert.deepEqual(transcript.take(), [
    { type: 'disconnect', link },
    { type: 'state', state: 'idle', error: null },
  ]);
  assert.deepEqual(
    [...transcript.timers.keys()].filter((name) => name !== 'idle'),
    []
  );
});

test('an idle timer that fires late does not close a socket that is wanted again', () => {
  const transcript = new Transcript();
  transcript.subscribe('a');
  transcript.realtime.unwant('a');
  transcript.want('b');
  transcript.take();
  transcript.realtime.timer('idle');
  assert.deepEqual(transcript.take(), []);
  assert.equal(transcript.state, 'live');
});

test('no answer is awaited for a stopped start, or after all answers', () => {
  const transcript = new Transcript();
  const { link } = transcript.subscribe('a');
  assert.ok(!transcript.timers.has('answer'));
  transcript.want('b');
  transcript.take();
  assert.equal(transcript.timers.get('answer'), TIMING.startAck);
  transcript.realtime.unwant('b');
  transcript.take();
  assert.ok(!transcript.timers.has('answer'));
  transcript.realtime.timer('answer'); // one that was already due
  assert.deepEqual(transcript.take(), []);
  assert.ok(transcript.realtime.isSubscribed('a'), String(link));
});

test('a start that waits on the old link still times out after a failed renewal', () => {
  const transcript = new Transcript();
  const { link } = transcript.subscribe('a');
  transcript.want('b');
  transcript.take();
  transcript.realtime.timer('renewal');
  const next = transcript.connected();
  assert.equal(transcript.timers.get('answer'), TIMING.handshake);
  transcript.realtime.closed(next);
  transcript.take();
  assert.equal(transcript.timers.get('answer'), TIMING.startAck);
  transcript.realtime.timer('answer');
  assert.ok(transcript.take().some((command) => command.type === 'disconnect' && command.link === link));
  assert.ok(transcript.timers.has('retry'));
});

test('a subscription after an idle pause opens a connection', () => {
  const transcript = new Transcript();
  transcript.subscribe('a');
  transcript.realtime.closed(1);
  transcript.realtime.unwant('a');
  transcript.realtime.timer('retry');
  transcript.take();
  transcript.want('b');
  assert.ok(types(transcript.take()).includes('connect'));
});

test('at a wake-up, a long-silent link is replaced, and a pause is cut short', () => {
  const transcript = new Transcript();
  transcript.subscribe('a');
  transcript.now += 30_000;
  transcript.realtime.wake(false);
  assert.deepEqual(transcript.take(), []);
  transcript.now += 60_000;
  transcript.realtime.wake(false);
  assert.ok(types(transcript.take()).includes('interrupted'));
  transcript.realtime.wake(false);
  assert.ok(types(transcript.take()).includes('connect'));
});

test('on another network a second link is opened at once, and the first one stays until the second has all subscriptions', () => {
  const transcript = new Transcript();
  const { link } = transcript.subscribe('a');
  transcript.realtime.wake(true);
  transcript.realtime.wake(true);
  const next = transcript.connected();
  assert.ok(transcript.realtime.isSubscribed('a'));
  transcript.realtime.opened(next);
  transcript.receive(next, { type: 'connection_ack' });
  transcript.receive(next, { type: 'start_ack', id: transcript.started(transcript.take()) });
  assert.deepEqual(transcript.take(), [
    { type: 'started', key: 'a' },
    { type: 'disconnect', link },
  ]);
  assert.equal(transcript.state, 'live');
});

test('without a token there is a pause, and the reason is reported', () => {
  const transcript = new Transcript();
  transcript.want('a');
  const authorize = transcript.realtime.take().find((command) => command.type === 'authorize') as { ticket: number };
  transcript.realtime.unauthorizable(authorize.ticket, new StatusbeamError('unauthorized', 'Signed out.'));
  const state = transcript.take().find((command) => command.type === 'state') as { error: Error };
  assert.equal(state.error.message, 'Signed out.');
  assert.ok(transcript.timers.has('retry'));
});

test('pauses grow to a bound and are spread', () => {
  assert.equal(
    backoff(0, TIMING, () => 0),
    200
  );
  assert.equal(
    backoff(0, TIMING, () => 1),
    400
  );
  assert.equal(
    backoff(50, TIMING, () => 1),
    30_000
  );
  assert.notEqual(
    backoff(3, TIMING, () => 0.1),
    backoff(3, TIMING, () => 0.9)
  );
});
