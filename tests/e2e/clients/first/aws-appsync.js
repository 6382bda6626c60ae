// aws-appsync 4 with an API key, as its README shows it.
const { AUTH_TYPE, AWSAppSyncClient } = require('aws-appsync');
const { default: gql } = require('graphql-tag');
const { announceStartAck } = require('../announce.js');
const { run } = require('../door.js');

async function subscribe(config, emit) {
  const { graphqlUrl, region, apiKey, query, variables, until } = config;
  announceStartAck(emit);
  const auth = { type: AUTH_TYPE.API_KEY, apiKey };
  const client = new AWSAppSyncClient({ url: graphqlUrl, region, auth, disableOffline: true });
  await new Promise((resolve, reject) => {
    client.subscribe({ query: gql(query), variables }).subscribe({
      next: ({ data }) => {
        emit({ event: 'update', update: data.onStatusUpdate });
        if (data.onStatusUpdate.status === until) resolve();
      },
      error: reject,
    });
  });
}

run(subscribe, (error) => JSON.stringify(error.errors ?? error.message ?? error));
