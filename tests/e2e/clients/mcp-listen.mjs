// MCP's own client listens to a job. In: {url, headers, jobId}. Out: a JSON line a step.
import { text } from 'node:stream/consumers';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const { url, headers, jobId } = JSON.parse(await text(process.stdin));
const say = (line) => console.log(JSON.stringify(line));
const uri = `statusbeam://jobs/${jobId}`;

const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
client.setNotificationHandler('notifications/resources/updated', async ({ params }) => {
  const { contents } = await client.readResource({ uri: params.uri });
  const { sequence, overallStatus } = JSON.parse(contents[0].text);
  say({ uri: params.uri, sequence, overallStatus });
});

const refused = await client.listen({ resourceSubscriptions: ['statusbeam://jobs/unknown'] }).then(
  () => null,
  ({ code }) => code,
);
const subscription = await client.listen({ resourceSubscriptions: [uri], toolsListChanged: true });
say({ refused, honored: subscription.honoredFilter });
say({ closed: await subscription.closed });

const left = await client.listen({ resourceSubscriptions: [uri] });
await left.close();
say({ closed: await left.closed });
await client.close();
process.exit(0);
