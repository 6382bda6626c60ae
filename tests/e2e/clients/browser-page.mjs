// The code for pages in docs/reference/bridge.md, in Node, which has no cookies. In: {code, bridge, token, jobId}.
// Out: a JSON line a call of what a page would have: showJob, showStatus, showMessage, finish.
import { text } from 'node:stream/consumers';
import { EventSource } from 'eventsource';

const { code, bridge, token, jobId } = JSON.parse(await text(process.stdin));
const calls = ['showJob', 'showStatus', 'showMessage', 'finish'];
const alive = setInterval(() => {}, 60_000); // the library's own timer lets Node end while it waits to reconnect
const writers = calls.map((call) => (value) => {
  console.log(JSON.stringify({ call, value }));
  if (call === 'finish') {
    clearInterval(alive);
  }
});
const AsyncFunction = (async () => undefined).constructor;
const page = new AsyncFunction('bridge', 'token', 'jobId', 'EventSource', ...calls, code);
await page(bridge, token, jobId, EventSource, ...writers);
