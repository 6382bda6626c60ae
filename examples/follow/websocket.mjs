// Follow a job with nothing but Node 22: its fetch and its WebSocket, and AppSync's real-time protocol by hand.
//
//     GRAPHQL_URL=… VIEW_TOKEN=… USER_ID=… JOB_ID=… node websocket.mjs
//
// Prints each status once, in order, and ends with the job.

const { GRAPHQL_URL: url, VIEW_TOKEN: token, USER_ID: userId, JOB_ID: jobId } = process.env;
const FIELDS = 'eventId sequence type message';
const SUBSCRIPTION = `subscription ($userId: ID!, $jobId: ID) {
  onStatusUpdate(userId: $userId, jobId: $jobId, joined: true) { ${FIELDS} earlier { ${FIELDS} } }
}`;
const LOG = `query ($jobId: ID!, $after: Int) {
  listStatusUpdates(jobId: $jobId, afterSequence: $after) { updates { ${FIELDS} } recovered reason }
}`;

const waiting = new Map();
let last = 0;

/** Print what follows the last status; read the log where one is missing. */
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
  const body = JSON.stringify({ query: LOG, variables: { jobId, after: last } });
  const headers = { 'content-type': 'application/json', Authorization: token };
  const { data, errors } = await (await fetch(url, { method: 'POST', headers, body })).json();
  if (errors) {
    throw new Error(errors[0].message);
  }
  const { updates, recovered, reason } = data.listStatusUpdates;
  if (!recovered) {
    throw new Error(`The log no longer reaches back (${reason}): read getJob instead.`);
  }
  take(updates);
}

const authorization = { host: new URL(url).host, Authorization: token };
const realtimeUrl = url.includes('.appsync-api.')
  ? url.replace(/^http/, 'ws').replace('.appsync-api.', '.appsync-realtime-api.')
  : `${url.replace(/^http/, 'ws')}/realtime`;
// The authorization travels as a subprotocol: an address would end up in logs.
const header = Buffer.from(JSON.stringify(authorization)).toString('base64url');
const socket = new WebSocket(realtimeUrl, ['graphql-ws', `header-${header}`]);

socket.onopen = () => socket.send(JSON.stringify({ type: 'connection_init' }));
socket.onclose = () => {
  throw new Error('The connection broke: open a new one, and read the log from the last status.');
};
socket.onmessage = async ({ data }) => {
  const { type, payload } = JSON.parse(data);
  if (type === 'connection_ack') {
    const start = {
      data: JSON.stringify({ query: SUBSCRIPTION, variables: { userId, jobId } }),
      extensions: { authorization },
    };
    socket.send(JSON.stringify({ id: '1', type: 'start', payload: start }));
  } else if (type === 'start_ack') {
    await readLog(); // what was reported before
    setInterval(readLog, 20_000); // AppSync may lose a push
  } else if (type === 'data') {
    const push = payload.data.onStatusUpdate;
    take([...(push.earlier ?? []), push]);
    if (waiting.size > 0) {
      await readLog();
    }
  } else if (type === 'error' || type === 'connection_error') {
    throw new Error(JSON.stringify(payload.errors));
  }
};
