// Follow a job with Apollo Client and AWS' own subscription link (@apollo/client, aws-appsync-subscription-link).
//
//     GRAPHQL_URL=… AWS_REGION=… VIEW_TOKEN=… USER_ID=… JOB_ID=… node apollo.cjs
//
// Prints each status once, in order, and ends with the job. CommonJS, because the link's ES modules don't load in Node; bundlers
// take either.

const { ApolloClient, InMemoryCache, gql } = require('@apollo/client/core');
const { HttpLink } = require('@apollo/client/link/http');
const { createSubscriptionHandshakeLink } = require('aws-appsync-subscription-link');

const { GRAPHQL_URL: url, AWS_REGION: region, VIEW_TOKEN: token, USER_ID: userId, JOB_ID: jobId } = process.env;
const FIELDS = 'eventId sequence type message';
const SUBSCRIPTION = gql`subscription ($userId: ID!, $jobId: ID) {
  onStatusUpdate(userId: $userId, jobId: $jobId, joined: true) { ${FIELDS} earlier { ${FIELDS} } }
}`;
const LOG = gql`query ($jobId: ID!, $after: Int) {
  listStatusUpdates(jobId: $jobId, afterSequence: $after) { updates { ${FIELDS} } recovered reason }
}`;

const auth = { type: 'AWS_LAMBDA', token: async () => token };
const client = new ApolloClient({
  link: createSubscriptionHandshakeLink({ url, region, auth }, new HttpLink({ uri: url, headers: { Authorization: token } })),
  cache: new InMemoryCache(),
});

const waiting = new Map();
let last = 0;

function take(updates) {
  for (const update of updates.filter(({ sequence }) => sequence > last)) {
    waiting.set(update.sequence, update);
  }
  for (let next = waiting.get(last + 1); next !== undefined; next = waiting.get(last + 1)) {
    last = next.sequence;
    waiting.delete(last);
    console.log(`${last} ${next.message}`);
    if (next.type === 'complete' || next.type === 'error') {
      process.exit();
    }
  }
}

/** The log after the last status. The cache must not answer: the log grows. */
async function readLog() {
  const { data } = await client.query({ query: LOG, variables: { jobId, after: last }, fetchPolicy: 'no-cache' });
  const { updates, recovered, reason } = data.listStatusUpdates;
  if (!recovered) {
    throw new Error(`The log no longer reaches back (${reason}): read getJob instead.`);
  }
  take(updates);
}

client.subscribe({ query: SUBSCRIPTION, variables: { userId, jobId }, fetchPolicy: 'no-cache' }).subscribe({
  next: async ({ data }) => {
    const push = data.onStatusUpdate;
    take([...(push.earlier ?? []), push]);
    if (waiting.size > 0) {
      await readLog();
    }
  },
  error: (error) => {
    throw error;
  },
});
// The link does not tell when the subscription has started: the log is read now and again.
void readLog();
setInterval(readLog, 2_000);
