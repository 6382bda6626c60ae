import assert from 'node:assert/strict';
import test from 'node:test';

import { SignInError, claimsOf, signIn } from '../cognito.js';

const CONFIG = { region: 'us-east-1', userPoolClientId: 'client-1', awsEndpointUrl: 'http://127.0.0.1:4566' };

function tokenUntil(seconds, more = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part({ sub: 'user-1', exp: seconds, ...more })}.signature`;
}

/** A Cognito that hands out tokens in turn and remembers what it was asked. */
function cognitoOf(...tokens) {
  const asked = [];
  const fetch = async (url, { headers, body }) => {
    asked.push({ url, target: headers['x-amz-target'], ...JSON.parse(body) });
    return new Response(JSON.stringify({ AuthenticationResult: { IdToken: tokens.shift(), RefreshToken: 'refresh-1' } }));
  };
  return { asked, fetch };
}

test('a password is exchanged for tokens at the configured endpoint', async () => {
  const { asked, fetch } = cognitoOf(tokenUntil(4000));
  const session = await signIn(CONFIG, 'ana', 'secret', { fetch, now: () => 0 });
  assert.equal(session.userId, 'user-1');
  assert.equal(asked[0].url, 'http://127.0.0.1:4566');
  assert.equal(asked[0].target, 'AWSCognitoIdentityProviderService.InitiateAuth');
  assert.equal(asked[0].AuthFlow, 'USER_PASSWORD_AUTH');
  assert.deepEqual(asked[0].AuthParameters, { USERNAME: 'ana', PASSWORD: 'secret' });
});

test('without an endpoint it is the region\'s own', async () => {
  const { asked, fetch } = cognitoOf(tokenUntil(4000));
  await signIn({ ...CONFIG, awsEndpointUrl: undefined }, 'ana', 'secret', { fetch, now: () => 0 });
  assert.equal(asked[0].url, 'https://cognito-idp.us-east-1.amazonaws.com/');
});

test('a token that is about to end is renewed once for all who ask', async () => {
  let now = 0;
  const { asked, fetch } = cognitoOf(tokenUntil(4000), tokenUntil(8000));
  const session = await signIn(CONFIG, 'ana', 'secret', { fetch, now: () => now });
  const first = await session.token();
  now = 3_990_000;
  const [second, third] = await Promise.all([session.token(), session.token()]);
  assert.notEqual(first, second);
  assert.equal(second, third);
  assert.equal(asked.length, 2);
  assert.equal(asked[1].AuthFlow, 'REFRESH_TOKEN_AUTH');
  assert.deepEqual(asked[1].AuthParameters, { REFRESH_TOKEN: 'refresh-1' });
});

test('a refusal is told in the service\'s words', async () => {
  const fetch = async () => new Response(JSON.stringify({ message: 'Incorrect username or password.' }), { status: 400 });
  await assert.rejects(signIn(CONFIG, 'ana', 'wrong', { fetch }), { message: 'Incorrect username or password.', retriable: false });
});

test('a service that cannot be reached may be asked again', async () => {
  const fetch = async () => {
    throw new TypeError('fetch failed');
  };
  await assert.rejects(signIn(CONFIG, 'ana', 'x', { fetch }), (error) => error instanceof SignInError && error.retriable);
});

test('claims are read as UTF-8', () => {
  assert.equal(claimsOf(tokenUntil(1, { name: 'Zoë' })).name, 'Zoë');
});
