import assert from 'node:assert/strict';
import test from 'node:test';
import { Login } from '../src/session/login.ts';
import { MemoryStore, SharedMemory } from '../src/session/loginStore.ts';
import { type Provider, SignInError } from '../src/session/provider.ts';
import { userSession } from '../src/session/session.ts';
import type { Tokens } from '../src/session/tokens.ts';

const HOUR = 3600;
const encoded = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url');
const tokenOf = (claims: object) => `header.${encoded(claims)}.signature`;
const password = { signIn: { kind: 'password', region: 'eu-west-1', userPoolId: 'eu-west-1_p', clientId: 'client' } } as const;

/** A provider that rotates refresh tokens, and ends a login that shows one twice. */
class RotatingProvider implements Provider {
  readonly id: string;
  readonly revoked: (string | undefined)[] = [];
  renewals = 0;
  failure: SignInError | null = null;
  /** What happens while the provider answers. */
  meanwhile: () => Promise<unknown> = () => Promise.resolve();
  #good = 'refresh-0';

  constructor(id = 'provider') {
    this.id = id;
  }

  async renew({ refreshToken }: Tokens): Promise<Tokens> {
    await this.meanwhile();
    if (this.failure) {
      throw this.failure;
    }
    if (refreshToken !== this.#good) {
      throw new SignInError('This refresh token was used before.');
    }
    this.renewals += 1;
    this.#good = `refresh-${this.renewals}`;
    return { idToken: issued(this.renewals), refreshToken: this.#good };
  }

  revoke({ refreshToken }: Tokens): Promise<void> {
    this.revoked.push(refreshToken);
    return Promise.resolve();
  }

  signOutUrl(): Promise<string | null> {
    return Promise.resolve('https://login.example.com/logout');
  }
}

/** The token of the nth renewal: good for an hour by the issuer's clock. */
const issued = (renewal: number) =>
  tokenOf({ sub: 'ana-1', tenantId: 'riverton', iat: renewal * HOUR, exp: (renewal + 1) * HOUR, renewal });

/** A browser with one login, and tabs that see it. */
async function browser({ tokens = { idToken: issued(0), refreshToken: 'refresh-0' } as Tokens } = {}) {
  const memory = new SharedMemory();
  const provider = new RotatingProvider();
  const clock = { now: 0 };
  const optionsOf = () => ({ provider, store: new MemoryStore(memory), now: () => clock.now });
  const first = optionsOf();
  const login = await Login.begin('ana', tokens, first);
  const tab = async () => (await Login.resume(optionsOf())) as Login;
  return { memory, provider, clock, login, tab, store: first.store, optionsOf };
}

test('a login survives a reload and is shared with a new tab', async () => {
  const { tab, login } = await browser();
  const again = await tab();
  assert.equal(again.id, login.id);
  assert.equal(again.name, 'ana');
  assert.equal(await again.token(), issued(0));
});

test('a login with another provider is removed, not used', async () => {
  const { memory } = await browser();
  const store = new MemoryStore(memory);
  assert.equal(await Login.resume({ provider: new RotatingProvider('another'), store }), null);
  assert.equal(await store.read(), null);
});

test('many tabs that need a new token at once renew it once, and none shows a refresh token twice', async () => {
  const { tab, clock, provider } = await browser();
  const tabs = await Promise.all(Array.from({ length: 5 }, tab));
  clock.now = (HOUR - 30) * 1000;
  const tokens = await Promise.all(tabs.flatMap((each) => [each.token(), each.token()]));
  assert.deepEqual(tokens, Array(10).fill(issued(1)));
  assert.equal(provider.renewals, 1);
  clock.now = 2 * HOUR * 1000;
  assert.equal(await (await tab()).token(), issued(2));
});

test('a token counts by its lifetime, however wrong the clock of the device is', async () => {
  const { login, clock, provider } = await browser({ tokens: { idToken: issued(9_000), refreshToken: 'refresh-0' } });
  assert.equal(await login.token(), issued(9_000));
  clock.now = (HOUR - 61) * 1000;
  assert.equal(await login.token(), issued(9_000));
  clock.now = (HOUR - 60) * 1000;
  assert.equal(await login.token(), issued(1));
  assert.equal(provider.renewals, 1);
});

test('a token that the API refuses is renewed, unless another tab has done so', async () => {
  const { login, tab, provider } = await browser();
  const other = await tab();
  await Promise.all([login.token(), other.token()]);
  assert.equal(await login.token({ refused: true }), issued(1));
  assert.equal(await other.token({ refused: true }), issued(1));
  assert.equal(provider.renewals, 1);
  assert.equal(await other.token({ refused: true }), issued(2));
});

test('a token that cannot be renewed is used to its end', async () => {
  const { login, clock, provider } = await browser({ tokens: { idToken: issued(0) } });
  clock.now = (HOUR - 1) * 1000;
  assert.equal(await login.token(), issued(0));
  clock.now = HOUR * 1000;
  provider.failure = new SignInError('Your sign-in has expired.');
  await assert.rejects(login.token(), { message: 'Your sign-in has expired.' });
});

test('an unreachable provider does not end a login', async () => {
  const { login, tab, clock, provider } = await browser();
  const { token } = userSession(login, password);
  clock.now = HOUR * 1000;
  provider.failure = new SignInError('cannot be reached', { retriable: true });
  await assert.rejects(token?.() as Promise<string>, { code: 'unavailable' });
  assert.ok(await tab());
  provider.failure = null;
  assert.equal(await token?.(), issued(1));
});

test('a login that the provider has ended is over in every tab, and not signed out', async () => {
  const { login, tab, clock, provider, store } = await browser();
  const other = await tab();
  clock.now = HOUR * 1000;
  provider.failure = new SignInError('The refresh token has expired.');
  await assert.rejects(login.token(), { message: 'The refresh token has expired.' });
  await assert.rejects(other.token(), { message: 'Your sign-in has ended.' });
  assert.equal(await tab(), null);
  assert.equal((await store.read())?.id, login.id);
});

test('signing out in one tab ends the login in all, and revokes the refresh token', async () => {
  const { login, tab, provider, optionsOf } = await browser();
  const other = await tab();
  let told = 0;
  optionsOf().store.watch(() => {
    told += 1;
  });
  assert.equal(await login.signOut(), 'https://login.example.com/logout');
  assert.deepEqual(provider.revoked, ['refresh-0']);
  assert.equal(told, 1);
  await assert.rejects(other.token(), { message: 'Your sign-in has ended.' });
  assert.equal(await tab(), null);
});

test('a late renewal does not restore a login that was signed out meanwhile', async () => {
  const { login, tab, clock, provider, store } = await browser();
  const other = await tab();
  clock.now = HOUR * 1000;
  provider.meanwhile = () => other.signOut();
  await assert.rejects(login.token(), { message: 'Your sign-in has ended.' });
  assert.equal(await store.read(), null);
  assert.deepEqual(provider.revoked, ['refresh-0', 'refresh-1']);
});

test('a tab of a former login gets no token of the next one, and cannot end it', async () => {
  const { login, optionsOf } = await browser();
  const next = await Login.begin('ben', { idToken: issued(5), refreshToken: 'refresh-0' }, optionsOf());
  await assert.rejects(login.token(), { message: 'Your sign-in has ended.' });
  await login.end({ isRefused: true });
  await login.signOut();
  assert.equal(await next.token(), issued(5));
});

test('a login that the API refuses for good is marked, so that the provider asks again', async () => {
  const { login, tab, store } = await browser();
  await login.end({ isRefused: true });
  assert.equal(await tab(), null);
  assert.equal((await store.read())?.isRefused, true);
  assert.equal((await store.read())?.tokens, null);
});

test('the user is read from the claim that the stage names, and from no other', async () => {
  const claims = { sub: 'ana-1', 'cognito:username': 'ana', tenantId: 'riverton', iat: 0, exp: HOUR };
  const { login } = await browser({ tokens: { idToken: tokenOf(claims) } });
  const { userId, auth } = userSession(login, { signIn: { ...password.signIn, userClaim: 'cognito:username' } });
  assert.equal(userId, 'ana');
  assert.ok(auth.type === 'cognito');
  assert.equal(auth.userClaim, 'cognito:username');
  assert.equal(userSession(login, password).userId, 'ana-1');
  assert.throws(() => userSession(login, { signIn: { ...password.signIn, userClaim: 'email' } }), /has no user id.* email/);
});

test('tenant and roles are read from the claims that the stage names', async () => {
  const claims = { sub: 'ana-1', tenantId: 'not this', city: 'riverton', groups: 'viewer operator', iat: 0, exp: HOUR };
  const { login } = await browser({ tokens: { idToken: tokenOf(claims) } });
  const signIn = { kind: 'oidc', issuer: '', clientId: '', scopes: [], tenantClaim: 'city', rolesClaim: 'groups' } as const;
  const { tenantId, isOperator, auth } = userSession(login, { signIn });
  assert.deepEqual([tenantId, isOperator], ['riverton', true]);
  assert.ok(auth.type === 'oidc');
  assert.equal(auth.tenantClaim, 'city');
  assert.throws(() => userSession(login, { signIn: { ...signIn, tenantClaim: 'org' } }), /belongs to no tenant.* org/);
});
