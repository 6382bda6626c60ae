import { util } from '@aws-appsync/utils';

// Prepended at synth to every resolver but publishStatus's and to every step (docs/architecture.md, "Identity in the
// resolvers"). Nothing here is exported; the resolver that follows is the module.

const PUBLIC_TENANT = 'public';

// Who is calling: {userId, tenantId, jobIds, roles, service, signedInAt}. `userId` is null for callers without a user of
// their own (API key, IAM): they see the tenant `public` only. `jobIds` is null when every job of the user may be seen.
// `signedInAt` is in epoch seconds: a refreshed token keeps the moment of its login.
// Never `Unauthorized`: on that word Amplify closes the socket that all of the client's subscriptions share.
function viewer(ctx) {
  const identity = ctx.identity;
  if (!identity || identity.userArn) {
    return { userId: null, tenantId: PUBLIC_TENANT, jobIds: null, roles: [], service: !!identity, signedInAt: null };
  }
  if (identity.claims) {
    const claims = identity.claims;
    return person(claims.sub, tenantIn(ctx, claims), null, rolesIn(ctx, claims), claims.auth_time ?? claims.iat);
  }
  const token = identity.resolverContext ?? {};
  const jobIds = token.jobIds ? token.jobIds.split(',') : null;
  return person(token.userId, token.tenantId, jobIds, [], token.issuedAt);
}

// An OpenID Connect provider's claims have the names that the stage says; no other claim counts for the tenant then.
function tenantIn(ctx, claims) {
  const name = ctx.env.TENANT_CLAIM;
  const tenantId = name ? claims[name] : (claims.tenantId ?? claims['custom:tenantId']);
  return typeof tenantId === 'string' ? tenantId : null;
}

// A list, or text with spaces between: within the text itself, "cooperator" would contain "operator".
function rolesIn(ctx, claims) {
  const roles = claims[ctx.env.ROLES_CLAIM ?? 'cognito:groups'] ?? [];
  if (typeof roles === 'string') {
    return roles.split(' ');
  }
  return typeof roles === 'object' && roles.length > 0 ? roles : [];
}

function person(userId, tenantId, jobIds, roles, signedInAt) {
  if (typeof userId !== 'string' || !userId || !tenantId || userId.includes('#')) {
    util.error('This login names no user and tenant.', 'Forbidden');
  }
  return { userId, tenantId, jobIds, roles, service: false, signedInAt };
}

// Where the sessions table notes that a user's logins were ended; no session's key begins with #.
function endedKey(tenantId, userId) {
  return util.dynamodb.toMapValues({ tenant_id: tenantId, sk: `#ended#${userId}` });
}

// Operators and admins see their whole tenant.
function leads(who) {
  return who.roles.includes('operator') || who.roles.includes('admin');
}

// Whether the viewer may see a job with this owner: a head of the status table, or nothing when there is none.
function mayView(who, head) {
  if (!head || head.tenantId !== who.tenantId) {
    return false;
  }
  if (who.userId !== null && head.userId !== who.userId && !leads(who)) {
    return false;
  }
  return who.jobIds === null || who.jobIds.includes(head.jobId);
}

// Items past their time may stay readable for days: to a reader they are gone.
function isLive(item) {
  return !!item && (!item.expiresAt || item.expiresAt > util.time.nowEpochSeconds());
}

// The Job that a head and its agents come to. The items hold the schema's fields; what time makes of them is added here.
// `fold` is kept as JSON text, AWSJSON wants the value: given text, it would quote it once more.
function asJob(head, agents, hidden) {
  const fold = head.fold ? { ...JSON.parse(head.fold), hidden } : null;
  return { ...head, agents, fold, liveness: livenessOf(head) };
}

function asAgent(item) {
  return { ...item, fold: item.fold ? { ...JSON.parse(item.fold), order: item.order } : null };
}

// The session that a subscription notes: the client's own for 15 minutes, which syncSession extends, or one for the
// 24 hours after which AppSync closes every connection.
function newSession(connectionId) {
  if (!connectionId) {
    return { id: util.autoId(), seconds: 86400 };
  }
  if (!util.matches('^[A-Za-z0-9_-]{1,128}$', connectionId)) {
    util.error('connectionId is 1 to 128 of A-Z a-z 0-9 _ -.', 'BadRequest');
  }
  return { id: connectionId, seconds: 900 };
}

// statusbeam/log/snapshot/liveness.py has the rule: a lease nobody renewed is stale, and lost four minutes later.
function livenessOf(head) {
  if (head.overallStatus === 'completed' || head.overallStatus === 'failed') {
    return 'ended';
  }
  if (!head.leaseExpiresAt) {
    return null;
  }
  const over = util.time.nowEpochMilliSeconds() - util.time.parseISO8601ToEpochMilliSeconds(head.leaseExpiresAt);
  if (over < 0) {
    return 'live';
  }
  return over < 240000 ? 'stale' : 'lost';
}

// What the store said goes to the log, not to the reader: it may name ARNs.
function storeFailed(ctx) {
  console.error(`type=${ctx.error.type} | the store did not answer: ${ctx.error.message}`);
  util.error('The status store did not answer. Try again.', 'StoreUnavailable');
}
