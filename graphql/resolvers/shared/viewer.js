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

// The guard of every field but publishStatus. Synth checks that each field's code uses it, and does so by module: this one
// exports nothing else.

// The caller: {userId, watcherId, tenantId, jobIds, roles, service, signedInAt}. `userId` is null for callers without a user of
// their own (API key, IAM): they see the public tenant only. `watcherId` names whoever watches: the user, or the ARN of a
// service; an API key names nobody, so it is empty. `jobIds` is null when the caller may see every job of the user.
// `signedInAt` is in epoch seconds: a refreshed token keeps the moment of its login.
// Never `Unauthorized`: on that error type Amplify closes the socket that all of the client's subscriptions share.
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

// The stage names the claims of an OpenID Connect provider. Then no other claim counts for the tenant.
function tenantIn(ctx, claims) {
  const name = ctx.env[ResolverVariables.TENANT_CLAIM];
  const tenantId = name ? claims[name] : (claims[TENANT_CLAIM] ?? claims[TENANT_ATTRIBUTE]);
  return typeof tenantId === 'string' ? tenantId : null;
}

// A list, or text with spaces between: within the text itself, "cooperator" would contain "operator".
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
