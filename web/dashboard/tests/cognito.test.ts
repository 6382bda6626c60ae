import assert from 'node:assert/strict';
import test from 'node:test';
import {
  answerChallenge,
  type Challenge,
  CognitoSession,
  claimsOf,
  type SignInError,
  signIn,
  viewTokenClaims,
} from '../src/session/cognito.ts';
import { userSession } from '../src/session/session.ts';

const pool = { region: 'eu-west-1', userPoolClientId: 'client' };
const encoded = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url');
const tokenOf = (claims: object) => `header.${encoded(claims)}.signature`;

interface Call {
  url: string;
  target: string;
  body: Record<string, unknown>;
}

/** A user pool that gives these answers, one a call, and what it was asked. */
function poolOf(...answers: [status: number, body: unknown][]) {
  const calls: Call[] = [];
  const fetch = (async (url: string, { headers, body }: { headers: Record<string, string>; body: string }) => {
    calls.push({ url, target: headers['x-amz-target']?.split('.')[1] ?? '', body: JSON.parse(body) });
    const [status, answer] = answers[calls.length - 1] ?? [500, {}];
    return new Response(JSON.stringify(answer), { status });
  }) as unknown as typeof globalThis.fetch;
  return { fetch, calls };
}

const tokens = (claims: object) => ({ AuthenticationResult: { IdToken: tokenOf(claims), RefreshToken: 'refresh' } });

test('a password is exchanged for tokens, whose claims say who it is', async () => {
  const { fetch, calls } = poolOf([200, tokens({ sub: 'ana-1', tenantId: 'riverton', 'cognito:groups': ['viewer'] })]);
  const session = await signIn(pool, 'ana', 'secret', { fetch });
  assert.ok(session instanceof CognitoSession);
  assert.deepEqual([session.userId, session.tenantId, session.roles], ['ana-1', 'riverton', ['viewer']]);
  assert.equal(calls[0]?.url, 'https://cognito-idp.eu-west-1.amazonaws.com/');
  assert.deepEqual(calls[0]?.body.AuthParameters, { USERNAME: 'ana', PASSWORD: 'secret' });
});

test('a token is renewed shortly before its end, once for all who ask', async () => {
  const { fetch, calls } = poolOf([200, tokens({ exp: 1000 })], [200, tokens({ exp: 9000 })]);
  let now = 0;
  const session = (await signIn(pool, 'ana', 'secret', { fetch, now: () => now })) as CognitoSession;
  assert.equal(await session.token(), tokenOf({ exp: 1000 }));
  now = 950_000;
  assert.deepEqual(await Promise.all([session.token(), session.token()]), Array(2).fill(tokenOf({ exp: 9000 })));
  assert.equal(calls.length, 2);
  assert.equal(calls[1]?.body.AuthFlow, 'REFRESH_TOKEN_AUTH');
});

test('a token that the API refuses is renewed, however long this clock still calls it good', async () => {
  const { fetch } = poolOf([200, tokens({ exp: 9000 })], [200, tokens({ exp: 9001 })]);
  const session = (await signIn(pool, 'ana', 'secret', { fetch, now: () => 0 })) as CognitoSession;
  const { auth } = userSession('ana', session);
  assert.ok(auth.type === 'cognito');
  assert.equal(await auth.token({ refused: false }), tokenOf({ exp: 9000 }));
  assert.equal(await auth.token({ refused: true }), tokenOf({ exp: 9001 }));
});

test('a sign-in service that is out of reach ends nobody’s session', async () => {
  const { fetch } = poolOf([200, tokens({ exp: 1 })], [503, {}], [400, { message: 'Refresh Token has expired' }]);
  const session = (await signIn(pool, 'ana', 'secret', { fetch, now: () => 9_000 })) as CognitoSession;
  const { token } = userSession('ana', session);
  await assert.rejects(token?.() as Promise<string>, { code: 'unavailable' });
  await assert.rejects(token?.() as Promise<string>, { message: 'Refresh Token has expired' });
});

test('a refusal says what the service says, and is not tried again', async () => {
  const { fetch } = poolOf([400, { message: 'Incorrect username or password.' }]);
  await assert.rejects(signIn(pool, 'ana', 'x', { fetch }), (error: SignInError) => {
    assert.equal(error.message, 'Incorrect username or password.');
    return !error.retriable;
  });
});

test('a service that is not reached may be tried again', async () => {
  const fetch = (() => Promise.reject(new TypeError('network'))) as unknown as typeof globalThis.fetch;
  await assert.rejects(signIn(pool, 'ana', 'x', { fetch }), (error: SignInError) => error.retriable);
});

test('a first password is changed, then the session begins', async () => {
  const { fetch, calls } = poolOf(
    [200, { ChallengeName: 'NEW_PASSWORD_REQUIRED', Session: 's1', ChallengeParameters: { USER_ID_FOR_SRP: 'ana' } }],
    [200, tokens({ sub: 'ana-1' })]
  );
  const challenge = (await signIn(pool, 'ana@example.com', 'first', { fetch })) as Challenge;
  const session = await answerChallenge(pool, challenge, 'second', { fetch });
  assert.ok(session instanceof CognitoSession);
  assert.deepEqual(calls[1]?.body.ChallengeResponses, { USERNAME: 'ana', NEW_PASSWORD: 'second' });
});

test('a second factor is set up with its key, and asked for', async () => {
  const { fetch, calls } = poolOf(
    [200, { ChallengeName: 'MFA_SETUP', Session: 's1' }],
    [200, { Session: 's2', SecretCode: 'KEY' }],
    [200, { Session: 's3' }],
    [200, tokens({ sub: 'ana-1' })]
  );
  const challenge = (await signIn(pool, 'ana', 'x', { fetch })) as Challenge;
  assert.deepEqual([challenge.name, challenge.secret], ['MFA_SETUP', 'KEY']);
  assert.ok((await answerChallenge(pool, challenge, '123456', { fetch })) instanceof CognitoSession);
  assert.deepEqual(
    calls.map(({ target }) => target),
    ['InitiateAuth', 'AssociateSoftwareToken', 'VerifySoftwareToken', 'RespondToAuthChallenge']
  );
  assert.equal(calls[3]?.body.Session, 's3');
});

test('a challenge that the page cannot answer is named', async () => {
  const { fetch } = poolOf([200, { ChallengeName: 'SMS_MFA' }]);
  await assert.rejects(signIn(pool, 'ana', 'x', { fetch }), /SMS_MFA/);
});

test('claims with letters beyond ASCII are read', () => {
  assert.equal(claimsOf(tokenOf({ name: 'Zoë' })).name, 'Zoë');
  assert.deepEqual(viewTokenClaims(`sbv1.key.${encoded({ sub: 'u', tenant: 't' })}.signature`), { sub: 'u', tenant: 't' });
});
