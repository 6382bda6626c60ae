import { extensions, util } from '@aws-appsync/utils';

// The filter of a subscription, and the filter by which endSessions ends it. Synth checks by module that each subscription
// uses this, so this module exports nothing else.
export function setSubscriptionFilters(delivered, ended) {
  extensions.setSubscriptionFilter(util.transform.toSubscriptionFilter(delivered));
  extensions.setSubscriptionInvalidationFilter(util.transform.toSubscriptionFilter(ended));
}
