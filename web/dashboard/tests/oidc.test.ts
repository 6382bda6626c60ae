import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import type { RedirectSignIn } from '../src/config.ts';
import { OidcProvider } from '../src/session/oidc.ts';
import type { SignInError } from '../src/session/provider.ts';

const ISSUER = 'https://login.example.com/realms/city';
const PAGE = 'https://status.example.com/';
const config: RedirectSignIn = {
  kind: 'oidc',
  issuer: ISSUER,
  clientId: 'page',
  scopes: ['openid', 'offline_access'],
  tenantClaim: 'city',
  rolesClaim: 'groups',
};
const metadata = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize?theme=dark`,
  token_endpoint: `${ISSUER}/token`,
  revocation_endpoint: `${ISSUER}/revoke`,
  end_session_endpoint: `${ISSUER}/logout`,
};
const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** A tab at a provider, whose answers can be changed. */
function tabAt(signIn = config, { document = metadata as object } = {}) {
  const asked: { url: string; body: URLSearchParams }[] = [];
  const kept = new Map<string, string>();
  const provider = {
    nonce: '',
    claims: {} as object,
    token: null as null | ((body: URLSearchParams) => Response),
  };
  const issue = () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: ISSUER, aud: 'page', sub: 'ana', iat: now, exp: now + 300, nonce: provider.nonce, ...provider.claims };
    const idToken = `${encoded({ alg: 'RS256' })}.${encoded(claims)}.${Buffer.from('signature').toString('base64url')}`;
    return Response.json({ access_token: 'a', token_type: 'Bearer', id_token: idToken, refresh_token: 'r' });
  };
  const fetch = (async (url: string, { body }: { body: URLSearchParams }) => {
    asked.push({ url, body });
    if (url.endsWith('/openid-configuration')) {
      return Response.json(document);
    }
    return url.endsWith('/token') ? (provider.token ?? issue)(body) : new Response(null, { status: 200 });
  }) as unknown as typeof globalThis.fetch;
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  const oidc = new OidcProvider(signIn, { page: PAGE, storage, fetch });
  /** Go to the provider, and come back with its answer. */
  const arrive = async (more: Record<string, string> = { code: 'c' }) => {
    const url = new URL(await oidc.signInUrl('?state=failed#job=a%20b&at=7', { isFresh: false }));
    provider.nonce = url.searchParams.get('nonce') ?? '';
    const answer = new URLSearchParams({ state: url.searchParams.get('state') ?? '', ...more });
    const pending = oidc.takePending(answer);
    assert.ok(pending);
    return { url, pending, tokens: () => oidc.finish(answer, pending) };
  };
  return { oidc, asked, provider, kept, signIn: arrive };
}

test('a reader is sent to the provider with PKCE, state and nonce, and returns to the same place', async () => {
  const { signIn, asked } = tabAt();
  const { url, pending, tokens } = await signIn();
  const { idToken, refreshToken } = await tokens();
  assert.equal(asked[0]?.url, `${ISSUER}/.well-known/openid-configuration`);
  const sent = Object.fromEntries(url.searchParams);
  assert.equal(sent.theme, 'dark'); // the provider's own parameters stay
  assert.equal(sent.redirect_uri, PAGE);
  assert.equal(sent.response_type, 'code');
  assert.equal(sent.scope, 'openid offline_access');
  assert.equal(sent.code_challenge_method, 'S256');
  assert.equal(sent.prompt, undefined);
  const exchange = asked[1]?.body;
  const verifier = exchange?.get('code_verifier') ?? '';
  assert.equal(createHash('sha256').update(verifier).digest('base64url'), sent.code_challenge);
  assert.equal(exchange?.get('client_id'), 'page');
  assert.equal(exchange?.has('client_secret'), false);
  assert.equal(pending.address, '?state=failed#job=a%20b&at=7');
  assert.equal(refreshToken, 'r');
  assert.match(idToken, /^ey/);
});

test('an answer is valid once, in the tab that requested it', async () => {
  const { oidc, signIn, kept } = tabAt();
  const { pending } = await signIn();
  assert.equal(kept.size, 0);
  assert.equal(oidc.takePending(new URLSearchParams({ state: pending.state, code: 'c' })), null);
  await oidc.signInUrl('', { isFresh: false });
  assert.equal(oidc.takePending(new URLSearchParams({ state: 'of somebody else', code: 'c' })), null);
  assert.equal(kept.size, 1); // the sign-in that is under way may still end well
});

test('a login that the API refuses for good makes the provider ask again', async () => {
  const url = new URL(await tabAt().oidc.signInUrl('', { isFresh: true }));
  assert.equal(url.searchParams.get('prompt'), 'login');
});

test('the clock of the device may be hours off', async () => {
  const { signIn, provider } = tabAt();
  const then = Math.floor(Date.now() / 1000) - 5 * 3600;
  provider.claims = { iat: then, exp: then + 300 };
  assert.match((await (await signIn()).tokens()).idToken, /^ey/);
});

const FORGED = [
  ['for another sign-in', { nonce: 'another' }],
  ['of another issuer', { iss: 'https://evil.example.com' }],
  ['for another client', { aud: 'another' }],
  ['that has ended when it was issued', { exp: 1, iat: 100 }],
] as const;
for (const [what, claims] of FORGED) {
  test(`a token ${what} is refused`, async () => {
    const { signIn, provider } = tabAt();
    const { tokens } = await signIn();
    provider.claims = claims;
    await assert.rejects(tokens(), { name: 'Error', message: /login\.example\.com/ });
  });
}

test('an answer of another issuer is refused (RFC 9207)', async () => {
  const { signIn } = tabAt(config, { document: { ...metadata, authorization_response_iss_parameter_supported: true } });
  await assert.rejects((await signIn({ code: 'c', iss: 'https://evil.example.com' })).tokens(), /not valid/);
});

const REFUSALS = [
  ['access_denied', /did not let you in. Use another account, or ask for access. It says: “No <b>access<\/b>”/],
  ['login_required', /has a question for you first. Sign in again/],
  ['temporarily_unavailable', /Try again in a few minutes/],
  ['unauthorized_client', /public client with PKCE/],
  ['invalid_scope', /refused the request of this page \(invalid_scope\)/],
] as const;
for (const [error, words] of REFUSALS) {
  test(`${error} is explained in plain words`, async () => {
    const { signIn, asked } = tabAt();
    const { tokens } = await signIn({ error, error_description: 'No <b>access</b>' });
    await assert.rejects(tokens(), words);
    assert.equal(asked.filter(({ url }) => url.endsWith('/token')).length, 0);
  });
}

test('an expired code is explained in plain words', async () => {
  const { signIn, provider } = tabAt();
  provider.token = () => Response.json({ error: 'invalid_grant' }, { status: 400 });
  await assert.rejects((await signIn()).tokens(), /took too long or has ended. Sign in again/);
});

test('only the provider’s own refusal ends a login at its renewal', async () => {
  const { oidc, signIn, provider } = tabAt();
  const tokens = await (await signIn()).tokens();
  const answers: [Response | Error, boolean][] = [
    [new TypeError('network'), true],
    [new Response('<h1>Bad gateway</h1>', { status: 502 }), true],
    [new Response('<h1>Log in to the hotel’s network</h1>', { status: 200 }), true],
    [Response.json({ error: 'temporarily_unavailable' }, { status: 400 }), true],
    [Response.json({ error: 'invalid_grant' }, { status: 400 }), false],
  ];
  for (const [answer, retriable] of answers) {
    provider.token = () => {
      if (answer instanceof Error) {
        throw answer;
      }
      return answer;
    };
    await assert.rejects(oidc.renew(tokens), (error: SignInError) => error.retriable === retriable);
  }
});

test('a renewal brings new tokens of the same user', async () => {
  const { oidc, signIn, provider, asked } = tabAt();
  const tokens = await (await signIn()).tokens();
  provider.claims = { nonce: undefined };
  await oidc.renew(tokens);
  assert.equal(asked.at(-1)?.body.get('refresh_token'), 'r');
  provider.claims = { nonce: undefined, sub: 'ben' };
  await assert.rejects(oidc.renew(tokens), /another user/);
});

test('a renewal without an ID token fails with a message', async () => {
  const { oidc, signIn, provider } = tabAt();
  const tokens = await (await signIn()).tokens();
  provider.token = () => Response.json({ access_token: 'a', token_type: 'Bearer' });
  await assert.rejects(oidc.renew(tokens), /gave no new ID token/);
});

test('signing out ends the session at the provider, and returns to the page', async () => {
  const { oidc, signIn, asked } = tabAt();
  const tokens = await (await signIn()).tokens();
  await oidc.revoke(tokens);
  assert.deepEqual([asked.at(-1)?.url, asked.at(-1)?.body.get('token')], [`${ISSUER}/revoke`, 'r']);
  const url = new URL((await oidc.signOutUrl(tokens)) ?? '');
  assert.equal(url.origin + url.pathname, `${ISSUER}/logout`);
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    id_token_hint: tokens.idToken,
    client_id: 'page',
    post_logout_redirect_uri: PAGE,
  });
});

test('a provider without a sign-out address is not called', async () => {
  const { oidc } = tabAt(config, { document: { ...metadata, end_session_endpoint: undefined, revocation_endpoint: undefined } });
  await oidc.revoke({ idToken: 'i', refreshToken: 'r' });
  assert.equal(await oidc.signOutUrl(null), null);
});

test('managed login leads straight to the pool’s SAML provider, and signs out as Cognito does', async () => {
  const managed: RedirectSignIn = {
    kind: 'managedLogin',
    issuer: ISSUER,
    clientId: 'page',
    scopes: ['openid'],
    domain: 'city.auth.eu-west-1.amazoncognito.com',
    identityProvider: 'CitySaml',
  };
  const { oidc } = tabAt(managed);
  const url = new URL(await oidc.signInUrl('', { isFresh: false }));
  assert.equal(url.searchParams.get('identity_provider'), 'CitySaml');
  const logout = new URLSearchParams({ client_id: 'page', logout_uri: PAGE });
  assert.equal(await oidc.signOutUrl(null), `https://city.auth.eu-west-1.amazoncognito.com/logout?${logout}`);
});

test('an issuer may differ only by a slash at its end', async () => {
  const slash = tabAt(config, { document: { ...metadata, issuer: `${ISSUER}/` } });
  slash.provider.claims = { iss: `${ISSUER}/` };
  assert.match((await (await slash.signIn()).tokens()).idToken, /^ey/);
  const other = tabAt(config, { document: { ...metadata, issuer: 'https://login.example.com' } });
  await assert.rejects(other.oidc.signInUrl('', { isFresh: false }), /calls itself by another name/);
});

test('an origin that the policy of the page may refuse is named', async () => {
  const { signIn, provider } = tabAt(config, {
    document: { ...metadata, token_endpoint: 'https://tokens.example.net/token' },
  });
  provider.token = () => {
    throw new TypeError('Failed to fetch');
  };
  await assert.rejects(
    (await signIn()).tokens(),
    /tokens\.example\.net cannot be reached.*https:\/\/tokens\.example\.net must be/
  );
});
