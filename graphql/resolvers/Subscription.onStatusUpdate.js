import { extensions, util } from '@aws-appsync/utils';

// AppSync refuses a filter whose `in` lists more values.
const MOST_VALUES = 5;

export function request(ctx) {
  const watched = watchedBy(viewer(ctx), ctx.args);
  const session = newSession(ctx.args.connectionId);
  return {
    operation: 'PutItem',
    key: util.dynamodb.toMapValues({
      tenant_id: watched.tenantId,
      sk: `${watched.userId}#${session.id}`,
    }),
    attributeValues: util.dynamodb.toMapValues({ ttl: util.time.nowEpochSeconds() + session.seconds }),
  };
}

export function response(ctx) {
  if (ctx.error) {
    storeFailed(ctx);
  }
  const who = viewer(ctx);
  const watched = watchedBy(who, ctx.args);
  const filter = { userId: { eq: watched.userId }, tenantId: { eq: watched.tenantId } };
  if (ctx.args.jobId) {
    filter.jobId = { eq: ctx.args.jobId };
  } else if (who.jobIds !== null) {
    filter.jobId = { in: who.jobIds };
  }
  extensions.setSubscriptionFilter(util.transform.toSubscriptionFilter(filter));
  extensions.setSubscriptionInvalidationFilter(
    util.transform.toSubscriptionFilter({ userId: { eq: watched.userId }, tenantId: { eq: watched.tenantId } })
  );
  return null;
}

// The one user and tenant this subscription hears of. The arguments only narrow what the login allows.
function watchedBy(who, args) {
  if (args.userId === '' || args.userId.includes('#')) {
    util.error('A user id is not empty and has no #.', 'BadRequest');
  }
  if (who.userId !== null && args.userId !== who.userId) {
    util.error('You may watch your own jobs only.', 'Forbidden');
  }
  if (args.jobId && who.jobIds !== null && !who.jobIds.includes(args.jobId)) {
    util.error('Your token does not cover this job.', 'Forbidden');
  }
  if (!args.jobId && who.jobIds !== null && who.jobIds.length > MOST_VALUES) {
    util.error(`Your token covers more than ${MOST_VALUES} jobs: subscribe to one by its jobId.`, 'BadRequest');
  }
  return { userId: args.userId, tenantId: who.tenantId };
}
