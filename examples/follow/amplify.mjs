// Follow a job with Amplify (aws-amplify 6).
//
//     GRAPHQL_URL=… AWS_REGION=… VIEW_TOKEN=… USER_ID=… JOB_ID=… node amplify.mjs
//
// Prints each status once, in order, and ends with the job.

import { Amplify } from 'aws-amplify';
import { generateClient } from 'aws-amplify/api';
import { Hub } from 'aws-amplify/utils';

const { GRAPHQL_URL: endpoint, AWS_REGION: region, VIEW_TOKEN: token, USER_ID: userId, JOB_ID: jobId } = process.env;
const FIELDS = 'eventId sequence type message';
const SUBSCRIPTION = `subscription ($userId: ID!, $jobId: ID) {
  onStatusUpdate(userId: $userId, jobId: $jobId, joined: true) { ${FIELDS} earlier { ${FIELDS} } }
}`;
const LOG = `query ($jobId: ID!, $after: Int) {
  listStatusUpdates(jobId: $jobId, afterSequence: $after) { updates { ${FIELDS} } recovered reason }
}`;

Amplify.configure({ API: { GraphQL: { endpoint, region, defaultAuthMode: 'lambda' } } });
const api = generateClient({ authMode: 'lambda', authToken: token });

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

async function readLog() {
  const { data } = await api.graphql({ query: LOG, variables: { jobId, after: last } });
  const { updates, recovered, reason } = data.listStatusUpdates;
  if (!recovered) {
    throw new Error(`The log no longer reaches back (${reason}): read getJob instead.`);
  }
  take(updates);
}

Hub.listen('api', ({ payload }) => {
  if (payload.event === 'Subscription ack') {
    void readLog(); // also after each reconnect
    setTimeout(readLog, 2_000); // pushes can be lost right after the ack
  }
});
api.graphql({ query: SUBSCRIPTION, variables: { userId, jobId } }).subscribe({
  next: async ({ data }) => {
    const push = data.onStatusUpdate;
    take([...(push.earlier ?? []), push]);
    if (waiting.size > 0) {
      await readLog();
    }
  },
  error: ({ errors }) => {
    throw new Error(errors[0].message);
  },
});
