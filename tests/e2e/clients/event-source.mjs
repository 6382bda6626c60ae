// npm's eventsource on the events of jobs. In: {urls, token}. Out: a JSON line an event, and one a connection;
// `url` is the place of the job's address in `urls`. The process ends when the bridge has ended all streams.
import { text } from 'node:stream/consumers';
import { EventSource } from 'eventsource';

const { urls, token } = JSON.parse(await text(process.stdin));
const headers = { authorization: `Bearer ${token}` };
const say = (line) => console.log(JSON.stringify(line));
let open = urls.length;

for (const [url, address] of urls.entries()) {
  const source = new EventSource(address, {
    fetch: async (input, init) => {
      const answer = await fetch(input, { ...init, headers: { ...init.headers, ...headers } });
      say({ url, connected: answer.status });
      return answer;
    },
  });
  const take = (event) => say({ url, type: event.type, id: event.lastEventId, data: JSON.parse(event.data) });
  for (const type of ['snapshot', 'verdict', 'agent_status', 'progress', 'complete', 'heartbeat']) {
    source.addEventListener(type, take);
  }
  source.addEventListener('error', (event) => {
    if (event.data !== undefined) {
      take(event); // the status of a job that failed: its type has the name of EventSource's own event
    } else if (source.readyState === EventSource.CLOSED && --open === 0) {
      process.exit(0);
    }
  });
}
setInterval(() => {}, 60_000); // the library's own timer lets Node end while it waits to reconnect
