import assert from 'node:assert/strict';
import test from 'node:test';
import { readConfig } from '../src/config.ts';

const oidc = { kind: 'oidc', issuer: 'https://i', clientId: 'c', scopes: ['openid'], tenantClaim: 't', rolesClaim: 'r' };
const read = (config: object) => readConfig((() => Promise.resolve(Response.json(config))) as typeof globalThis.fetch);

test('each kind of sign-in is read from the configuration', async () => {
  const managed = { kind: 'managedLogin', issuer: 'https://i', clientId: 'c', scopes: ['openid'], domain: 'd' };
  for (const signIn of [oidc, managed, { kind: 'password', region: 'eu-west-1', userPoolId: 'p', clientId: 'c' }]) {
    assert.deepEqual(await read({ graphqlUrl: 'https://g', signIn }), { graphqlUrl: 'https://g', signIn });
  }
});

const LACKING = [
  [{ signIn: oidc }, 'config.json lacks graphqlUrl'],
  [{ graphqlUrl: 'https://g' }, 'config.json lacks signIn'],
  [{ graphqlUrl: 'https://g', signIn: { ...oidc, tenantClaim: '' } }, 'config.json lacks signIn.tenantClaim'],
  [{ graphqlUrl: 'https://g', signIn: { kind: 'password', region: 'r', userPoolId: 'p' } }, 'config.json lacks signIn.clientId'],
  [
    { graphqlUrl: 'https://g', signIn: { kind: 'constructor' } },
    'config.json: signIn.kind is "constructor", which this page does not know',
  ],
] as const;
for (const [config, message] of LACKING) {
  test(message, () => assert.rejects(read(config), { message }));
}
