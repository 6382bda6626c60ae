// npm's eventsource on a job's events. In: {url, token}. Out: a JSON line an event, and one a connection.
import { text } from 'node:stream/consumers';
import { EventSource } from 'eventsource';

const { url, token } = JSON.parse(await text(process.stdin));
const headers = { authorization: `Bearer ${token}` };
const say = (line) => console.log(JSON.stringify(line));

const source = new EventSource(url, {
  fetch: async (input, init) => {
    const answer = await fetch(input, { ...init, headers: { ...init.headers, ...headers } });
    say({ connected: answer.status });
    return answer;
  },
});
for (const type of ['snapshot', 'verdict', 'agent_status', 'progress', 'complete', 'heartbeat']) {
  source.addEventListener(type, (event) => say({ type, id: event.lastEventId, data: JSON.parse(event.data) }));
}
setInterval(() => {}, 60_000); // the library's own timer lets Node end while it waits to reconnect
source.addEventListener('error', () => {
  if (source.readyState === EventSource.CLOSED) {
    process.exit(0);
  }
});
