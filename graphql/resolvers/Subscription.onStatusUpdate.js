import { util } from '@aws-appsync/utils';
import { newSession } from './shared/sessions.js';
import { keepSession, userSessionKey } from './shared/sessionsTable.js';
import { raiseStoreError } from './shared/storeErrors.js';
import { setSubscriptionFilters } from './shared/subscriptionFilters.js';
import { viewer } from './shared/viewer.js';

// AppSync refuses a filter whose `in` lists more values.
const FILTER_VALUES = 5;

export function request(ctx) {
  const watched = watchedBy(viewer(ctx), ctx.args);
  const session = newSession(ctx.args.connectionId);
  const key = userSessionKey(watched.tenantId, watched.userId, session.id);
  return keepSession(key, util.time.nowEpochSeconds() + session.seconds, ctx.args.joined === true);
}

export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  const caller = viewer(ctx);
  const watched = watchedBy(caller, ctx.args);
  const user = { userId: { eq: watched.userId }, tenantId: { eq: watched.tenantId } };
  setSubscriptionFilters({ ...user, ...jobFilter(ctx.args.jobId, caller.jobIds) }, user);
  return null;
}

// No job has an empty id, so its filter matches nothing.
function jobFilter(jobId, jobIds) {
  if (namesJob(jobId)) {
    return { jobId: { eq: jobId } };
  }
  return jobIds === null ? {} : { jobId: { in: jobIds } };
}

function namesJob(jobId) {
  return typeof jobId === 'string';
}

// The one user and tenant whose statuses this subscription delivers. The arguments only narrow what the login allows.
function watchedBy(caller, args) {
  if (args.userId === '' || args.userId.includes('#')) {
    util.error('userId must not be empty or contain #.', 'BadRequest');
  }
  if (caller.userId !== null && args.userId !== caller.userId) {
    util.error('You can watch only your own jobs.', 'Forbidden');
  }
  if (namesJob(args.jobId) && caller.jobIds !== null && !caller.jobIds.includes(args.jobId)) {
    util.error('Your token does not cover this job.', 'Forbidden');
  }
  if (!namesJob(args.jobId) && caller.jobIds !== null && caller.jobIds.length > FILTER_VALUES) {
    util.error(`Your token covers more than ${FILTER_VALUES} jobs. Subscribe to each by its jobId.`, 'BadRequest');
  }
  return { userId: args.userId, tenantId: caller.tenantId };
}
