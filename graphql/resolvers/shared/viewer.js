import { util } from '@aws-appsync/utils';
import {
  ACCESS_USERNAME_CLAIM,
  PUBLIC_TENANT,
  ResolverVariables,
  ROLES_CLAIM,
  TENANT_ATTRIBUTE,
  TENANT_CLAIM,
  USER_CLAIM,
  USERNAME_CLAIM,
} from './settings.generated.js';

// The guard of every field but publishStatus. Synth checks by module that each field's code uses it, so this module exports
// nothing else.

// The caller: {userId, watcherId, tenantId, jobIds, roles, service, signedInAt}. `userId` is null for callers without a user of
// their own (API key, IAM): they see the public tenant only. `watcherId` is the user, or the ARN of a service; it is
// empty for an API key. `jobIds` is null when the caller may see every job of the user.
// `signedInAt` is in epoch seconds. A refreshed token keeps the time of its login.
// The error type must not be `Unauthorized`, on which Amplify closes the socket that all its subscriptions share.
export function viewer(ctx) {
  const identity = ctx.identity;
  if (!identity || identity.userArn) {
    const watcherId = identity ? identity.userArn : '';
    return { userId: null, watcherId, tenantId: PUBLIC_TENANT, jobIds: null, roles: [], service: !!identity, signedInAt: null };
  }
  if (identity.claims) {
    const claims = identity.claims;
    return person(userIn(ctx, claims), tenantIn(ctx, claims), null, rolesIn(ctx, claims), claims.auth_time ?? claims.iat);
  }
  const token = identity.resolverContext ?? {};
  const jobIds = token.jobIds ? token.jobIds.split(',') : null;
  return person(token.userId, token.tenantId, jobIds, [], token.issuedAt);
}

// The stage names the claim. The name of a user in a pool is in another claim of access tokens than of ID tokens.
function userIn(ctx, claims) {
  const name = ctx.env[ResolverVariables.USER_CLAIM] ?? USER_CLAIM;
  return name === USERNAME_CLAIM ? (claims[name] ?? claims[ACCESS_USERNAME_CLAIM]) : claims[name];
}

// The stage names the claims of an OpenID Connect provider. Then the tenant comes from this claim only.
function tenantIn(ctx, claims) {
  const name = ctx.env[ResolverVariables.TENANT_CLAIM];
  const tenantId = name ? claims[name] : (claims[TENANT_CLAIM] ?? claims[TENANT_ATTRIBUTE]);
  return typeof tenantId === 'string' ? tenantId : null;
}

// The values in a list, or in a text with spaces between. A substring test would find "operator" in "cooperator".
function rolesIn(ctx, claims) {
  const roles = claims[ctx.env[ResolverVariables.ROLES_CLAIM] ?? ROLES_CLAIM] ?? [];
  if (typeof roles === 'string') {
    return roles.split(' ');
  }
  return typeof roles === 'object' && roles.length > 0 ? roles : [];
}

function person(userId, tenantId, jobIds, roles, signedInAt) {
  if (typeof userId !== 'string' || !userId || !tenantId || userId.includes('#')) {
    util.error('The login has no valid user and tenant.', 'Forbidden');
  }
  return { userId, watcherId: userId, tenantId, jobIds, roles, service: false, signedInAt };
}
