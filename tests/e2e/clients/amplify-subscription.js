// aws-amplify v6 as an app uses it; the same lines run in Node and in the browser.
import { Amplify } from 'aws-amplify';
import { generateClient } from 'aws-amplify/api';
import { CONNECTION_STATE_CHANGE } from 'aws-amplify/data';
import { Hub } from 'aws-amplify/utils';
import { GET_JOB, ON_STATUS_UPDATE } from './documents.js';

const token = (text) => ({
  toString: () => text,
  payload: JSON.parse(atob(text.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'))),
});

/** What Amplify asks for an identity: tokens of a signed-in user, AWS credentials, or neither. */
function authOptions({ accessToken, idToken, credentials }) {
  return {
    ...(accessToken && {
      tokenProvider: {
        getTokens: async () => ({ accessToken: token(accessToken), idToken: token(idToken) }),
      },
    }),
    ...(credentials && {
      credentialsProvider: {
        getCredentialsAndIdentityId: async () => ({ credentials }),
        clearCredentialsAndIdentityId: () => {},
      },
    }),
  };
}

function clientOptions({ authMode, apiKey, viewToken, subscriptionEndpoint }) {
  return {
    authMode,
    ...(viewToken && { authToken: viewToken }),
    // An endpoint of its own takes the key and the token with it: Amplify asks for them again.
    ...(subscriptionEndpoint && { endpoint: subscriptionEndpoint, ...(apiKey && { apiKey }) }),
  };
}

/**
 * Subscribes with `config` {graphqlUrl, subscriptionEndpoint?, region, authMode, apiKey?, accessToken?, idToken?, viewToken?,
 * credentials?, query?, variables, expect?, until?, queryJobId?}, calls `emit` with {event: "subscribed" | "update" | "result" | …}
 * and resolves after `expect` updates, or after one with the status `until`. Rejects on the first error of the subscription.
 */
export async function subscribe(config, emit) {
  const { graphqlUrl, region, authMode, apiKey, query = ON_STATUS_UPDATE, variables, expect, until, queryJobId } = config;
  Amplify.configure(
    { API: { GraphQL: { endpoint: graphqlUrl, region, defaultAuthMode: authMode, apiKey } } },
    { Auth: authOptions(config) },
  );
  Hub.listen('api', ({ payload }) => {
    if (payload.event === 'Subscription ack') emit({ event: 'subscribed' });
    if (payload.event === CONNECTION_STATE_CHANGE) {
      emit({ event: 'connection', state: payload.data.connectionState });
    }
  });
  await new Promise((resolve, reject) => {
    let received = 0;
    generateClient(clientOptions(config))
      .graphql({ query, variables })
      .subscribe({
        next: ({ data }) => {
          emit({ event: 'update', update: data.onStatusUpdate });
          received += 1;
          if (received === expect || (until && data.onStatusUpdate.status === until)) resolve();
        },
        error: reject,
      });
  });
  if (queryJobId) {
    const { subscriptionEndpoint, ...overHttp } = config;
    const result = await generateClient(clientOptions(overHttp)).graphql({
      query: GET_JOB,
      variables: { jobId: queryJobId },
    });
    emit({ event: 'result', data: result.data });
  }
}

/** The words of whatever a client throws: Error, {errors: [...]} or an Observable's error. */
export const describe = (error) =>
  JSON.stringify(error?.errors ?? error?.error?.errors ?? error?.message ?? error, (_, value) =>
    value instanceof Error ? { message: value.message, ...value } : value,
  );
