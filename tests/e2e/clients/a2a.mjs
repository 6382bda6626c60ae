// A2A's own client on a bridge. In: {url, headers, binding, taskId}. Out: the task, a JSON line an update, and what it is afterwards.
import { text } from 'node:stream/consumers';
import {
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client';

const { url, headers, binding, taskId } = JSON.parse(await text(process.stdin));
const say = (line) => console.log(JSON.stringify(line));
const fetchImpl = (input, init) => fetch(input, { ...init, headers: { ...init?.headers, ...headers } });

const Transport = binding === 'JSONRPC' ? JsonRpcTransportFactory : RestTransportFactory;
const client = await new ClientFactory({
  transports: [new Transport({ fetchImpl })],
  cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
}).createFromUrl(url);
const refusal = async (asked) => asked.then(() => null, (error) => error.constructor.name);

say({ unknown: await refusal(client.getTask({ id: 'unknown' })), cancel: await refusal(client.cancelTask({ id: taskId })) });
for await (const { payload } of client.resubscribeTask({ id: taskId })) {
  const { status, metadata } = payload.value;
  say({ kind: payload.$case, state: status.state, sequence: metadata.sequence });
}
const { id, status } = await client.getTask({ id: taskId });
const { tasks } = await client.listTasks({});
const again = await refusal(client.resubscribeTask({ id: taskId }).next());
say({ id, state: status.state, listed: tasks.map((task) => task.id), again });
