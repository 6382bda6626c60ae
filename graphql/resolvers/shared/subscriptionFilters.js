import { extensions, util } from '@aws-appsync/utils';

// What a subscription delivers, and which endSessions ends it. Synth checks that each subscription uses this, and does so
// by module: this one exports nothing else.
export function setSubscriptionFilters(delivered, ended) {
  extensions.setSubscriptionFilter(util.transform.toSubscriptionFilter(delivered));
  extensions.setSubscriptionInvalidationFilter(util.transform.toSubscriptionFilter(ended));
}
