// Somebody's page that follows a job over the bridge: with a browser's EventSource, or with its WebSocket.
const bridge = new URLSearchParams(location.search).get('bridge');
const job = new URLSearchParams(location.search).get('job');
const types = ['snapshot', 'verdict', 'agent_status', 'progress', 'complete', 'heartbeat'];

window.received = [];
window.closes = [];
window.ended = false;

const again = () => new Promise((resolve) => setTimeout(resolve, 50));

async function ticket() {
  const answer = await fetch(`${bridge}/tickets`, { method: 'POST', headers: { authorization: 'Bearer ana' } });
  return (await answer.json()).ticket;
}

async function followEvents() {
  const address = `${bridge}/jobs/${job}/events?ticket=${await ticket()}`;
  const source = new EventSource(address, { withCredentials: true });
  for (const type of types) {
    source.addEventListener(type, ({ data }) => window.received.push({ type, ...JSON.parse(data) }));
  }
  source.addEventListener('error', () => {
    window.ended = source.readyState === EventSource.CLOSED;
  });
}

async function followSocket(after = '') {
  try {
    const address = bridge.replace('http', 'ws');
    const socket = new WebSocket(`${address}/ws/orchestrator/${job}?ticket=${await ticket()}${after}`);
    socket.addEventListener('message', ({ data }) => window.received.push(JSON.parse(data)));
    await new Promise((resolve) => socket.addEventListener('close', ({ code }) => resolve(window.closes.push(code))));
  } catch {
    await again(); // nobody listens
  }
  if (window.closes.at(-1) === 1000) {
    window.ended = true;
    return;
  }
  const cursor = window.received.findLast(({ data }) => data?.cursor)?.data.cursor;
  await followSocket(cursor ? `&after=${cursor}` : '');
}

window.followEvents = followEvents;
window.followSocket = followSocket;
