import assert from 'node:assert/strict';
import test from 'node:test';
import type { PasswordSignIn } from '../src/config.ts';
import { answerChallenge, type Challenge, CognitoProvider, signIn } from '../src/session/cognito.ts';
import type { SignInError } from '../src/session/provider.ts';
import { claimsOf, viewTokenClaims } from '../src/session/tokens.ts';

const pool: PasswordSignIn = { kind: 'password', region: 'eu-west-1', userPoolId: 'eu-west-1_pool', clientId: 'client' };
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

/** Cognito wants the password to be proved. */
const VERIFIER: [number, unknown] = [
  200,
  {
    ChallengeName: 'PASSWORD_VERIFIER',
    Session: 's0',
    ChallengeParameters: { USER_ID_FOR_SRP: 'ana', SALT: 'a1', SRP_B: 'b2', SECRET_BLOCK: 'c3==' },
  },
];

const tokens = (claims: object) => ({ AuthenticationResult: { IdToken: tokenOf(claims), RefreshToken: 'refresh' } });

test('a password is proved, not sent, for tokens', async () => {
  const { fetch, calls } = poolOf(VERIFIER, [200, tokens({ sub: 'ana-1' })]);
  const answer = await signIn(pool, 'ana@example.com', 'a secret', fetch);
  assert.deepEqual(answer, { idToken: tokenOf({ sub: 'ana-1' }), refreshToken: 'refresh' });
  assert.equal(calls[0]?.url, 'https://cognito-idp.eu-west-1.amazonaws.com/');
  assert.equal(calls[0]?.body.AuthFlow, 'USER_SRP_AUTH');
  assert.equal(calls[1]?.body.Session, 's0');
  assert.match(JSON.stringify(calls[1]?.body.ChallengeResponses), /"USERNAME":"ana"/);
  assert.ok(!JSON.stringify(calls).includes('a secret'));
});

test('a login is renewed and revoked by its refresh token', async () => {
  const { fetch, calls } = poolOf([200, { AuthenticationResult: { IdToken: tokenOf({ sub: 'ana-1' }) } }], [200, {}]);
  const provider = new CognitoProvider(pool, fetch);
  const old = { idToken: 'old', refreshToken: 'refresh' };
  assert.deepEqual(await provider.renew(old), { idToken: tokenOf({ sub: 'ana-1' }) });
  assert.equal(calls[0]?.body.AuthFlow, 'REFRESH_TOKEN_AUTH');
  assert.deepEqual(calls[0]?.body.AuthParameters, { REFRESH_TOKEN: 'refresh' });
  await provider.revoke(old);
  assert.equal(calls[1]?.target, 'RevokeToken');
  assert.deepEqual(calls[1]?.body, { ClientId: 'client', Token: 'refresh' });
});

test('a refusal has the service’s message, and is not retried', async () => {
  const { fetch } = poolOf(VERIFIER, [400, { message: 'Incorrect username or password.' }]);
  await assert.rejects(signIn(pool, 'ana', 'x', fetch), (error: SignInError) => {
    assert.equal(error.message, 'Incorrect username or password.');
    return !error.retriable;
  });
});

test('an unreachable service may be retried', async () => {
  const fetch = (() => Promise.reject(new TypeError('network'))) as unknown as typeof globalThis.fetch;
  await assert.rejects(signIn(pool, 'ana', 'x', fetch), (error: SignInError) => error.retriable);
});

test('a first password is changed, then the session begins', async () => {
  const { fetch, calls } = poolOf(
    VERIFIER,
    [200, { ChallengeName: 'NEW_PASSWORD_REQUIRED', Session: 's1', ChallengeParameters: { USER_ID_FOR_SRP: 'ana' } }],
    [200, tokens({ sub: 'ana-1' })]
  );
  const challenge = (await signIn(pool, 'ana@example.com', 'first', fetch)) as Challenge;
  assert.deepEqual(await answerChallenge(pool, challenge, 'second', fetch), {
    idToken: tokenOf({ sub: 'ana-1' }),
    refreshToken: 'refresh',
  });
  assert.deepEqual(calls[2]?.body.ChallengeResponses, { USERNAME: 'ana', NEW_PASSWORD: 'second' });
});

test('a second factor is set up with its key, and requested', async () => {
  const { fetch, calls } = poolOf(
    VERIFIER,
    [200, { ChallengeName: 'MFA_SETUP', Session: 's1' }],
    [200, { Session: 's2', SecretCode: 'KEY' }],
    [200, { Session: 's3' }],
    [200, tokens({ sub: 'ana-1' })]
  );
  const challenge = (await signIn(pool, 'ana', 'x', fetch)) as Challenge;
  assert.deepEqual([challenge.name, challenge.secret], ['MFA_SETUP', 'KEY']);
  assert.ok('idToken' in (await answerChallenge(pool, challenge, '123456', fetch)));
  assert.deepEqual(
    calls.map(({ target }) => target),
    ['InitiateAuth', 'RespondToAuthChallenge', 'AssociateSoftwareToken', 'VerifySoftwareToken', 'RespondToAuthChallenge']
  );
  assert.equal(calls[4]?.body.Session, 's3');
});

test('a challenge that the page cannot answer is named', async () => {
  const { fetch } = poolOf(VERIFIER, [200, { ChallengeName: 'SMS_MFA' }]);
  await assert.rejects(signIn(pool, 'ana', 'x', fetch), /SMS_MFA/);
});

test('claims with letters beyond ASCII are read', () => {
  assert.equal(claimsOf(tokenOf({ name: 'Zoë' })).name, 'Zoë');
  assert.deepEqual(viewTokenClaims(`sbv1.key.${encoded({ sub: 'u', tenant: 't' })}.signature`), { sub: 'u', tenant: 't' });
});
