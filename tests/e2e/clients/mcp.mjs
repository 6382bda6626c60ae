// MCP's own client on a bridge. In: {url, headers, version, jobId}. Out: a JSON line a step.
import { text } from 'node:stream/consumers';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const { url, headers, version, jobId } = JSON.parse(await text(process.stdin));
const say = (line) => console.log(JSON.stringify(line));

// 2025-11-25 is the last version with a handshake. A later one is pinned: the client then has no other.
const mode = version === '2025-11-25' ? 'legacy' : { pin: version };
const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
const call = (name, args, options) => client.callTool({ name, arguments: args }, options);

const { tools } = await client.listTools();
const { contents } = await client.readResource({ uri: `statusbeam://jobs/${jobId}` });
const unknown = await call('get_job', { job_id: 'unknown' });
say({
  version: client.getNegotiatedProtocolVersion(),
  readOnly: Object.fromEntries(tools.map((tool) => [tool.name, tool.annotations.readOnlyHint])),
  job: (await call('get_job', { job_id: jobId })).structuredContent.job,
  resource: JSON.parse(contents[0].text),
  unknownIsError: unknown.isError,
});

const onprogress = ({ progress, message }) => say({ progress, message });
const ended = await call('wait_for_job', { job_id: jobId, seconds: 50 }, { onprogress });
const { updates, recovered } = (await call('get_job_updates', { job_id: jobId })).structuredContent;
say({
  overallStatus: ended.structuredContent.job.overallStatus,
  isError: ended.isError,
  sequences: updates.map((update) => update.sequence),
  recovered,
});
await client.close();
process.exit(0);
