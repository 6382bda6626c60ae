import { util } from '@aws-appsync/utils';

// Prepended at synth to every resolver of Query and Subscription and to syncSession (docs/architecture.md,
// "Identity in the resolvers"). Nothing here is exported; the resolver that follows is the module.

const PUBLIC_TENANT = 'public';

// Who is calling: {userId, tenantId, jobIds, roles, service}. `userId` is null for callers without a user of their own
// (API key, IAM): they see the tenant `public` only. `jobIds` is null when every job of the user may be seen.
// Never `Unauthorized`: on that word Amplify closes the socket that all of the client's subscriptions share.
function viewer(ctx) {
  const identity = ctx.identity;
  if (!identity || identity.userArn) {
    return { userId: null, tenantId: PUBLIC_TENANT, jobIds: null, roles: [], service: !!identity };
  }
  if (identity.claims) {
    const claims = identity.claims;
    const tenantId = claims.tenantId ?? claims['custom:tenantId'];
    return person(claims.sub, tenantId, null, claims['cognito:groups'] ?? []);
  }
  const token = identity.resolverContext ?? {};
  return person(token.userId, token.tenantId, token.jobIds ? token.jobIds.split(',') : null, []);
}

function person(userId, tenantId, jobIds, roles) {
  if (!userId || !tenantId || userId.includes('#')) {
    util.error('This login names no user and tenant.', 'Forbidden');
  }
  return { userId, tenantId, jobIds, roles, service: false };
}

// Whether the viewer may see a job with this owner: a head of the status table, or nothing when there is none.
function mayView(who, head) {
  if (!head || head.tenantId !== who.tenantId) {
    return false;
  }
  if (who.userId !== null && head.userId !== who.userId) {
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

// status_utils/liveness.py has the rule: a lease nobody renewed is stale, and lost four minutes later.
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
