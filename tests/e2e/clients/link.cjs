// aws-appsync-subscription-link under an Apollo client, as its README shows it. CommonJS, because in Node the ES module of
// aws-appsync-auth-link 4.0.2 cannot sign ("Sha256 is not a constructor"); bundlers do not notice.
const { ApolloClient, InMemoryCache, gql } = require('@apollo/client/core');
const { HttpLink } = require('@apollo/client/link/http');
const { createSubscriptionHandshakeLink } = require('aws-appsync-subscription-link');
const { announceStartAck } = require('./announce.js');
const { ON_STATUS_UPDATE } = require('./documents.js');
const { run } = require('./door.js');

const AUTH = {
  apiKey: ({ apiKey }) => ({ type: 'API_KEY', apiKey }),
  iam: ({ credentials }) => ({ type: 'AWS_IAM', credentials: () => credentials }),
  userPool: ({ accessToken }) => ({ type: 'AMAZON_COGNITO_USER_POOLS', jwtToken: async () => accessToken }),
  lambda: ({ viewToken }) => ({ type: 'AWS_LAMBDA', token: async () => viewToken }),
};

async function subscribe(config, emit) {
  const { graphqlUrl, region, authMode, variables, expect } = config;
  announceStartAck(emit);
  const link = createSubscriptionHandshakeLink(
    { url: graphqlUrl, region, auth: AUTH[authMode](config) },
    new HttpLink({ uri: graphqlUrl }),
  );
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  await new Promise((resolve, reject) => {
    let received = 0;
    client.subscribe({ query: gql(ON_STATUS_UPDATE), variables, fetchPolicy: 'no-cache' }).subscribe({
      next: ({ data, error }) => {
        if (error) {
          reject(error);
          return;
        }
        emit({ event: 'update', update: data.onStatusUpdate });
        received += 1;
        if (received === expect) resolve();
      },
      error: reject,
      complete: () => reject(new Error('the server completed the subscription')),
    });
  });
}

// Apollo wraps what is not an Error of its own; the link's words are in `cause`.
run(subscribe, (error) => JSON.stringify(error.errors ?? error.cause ?? error.message));
