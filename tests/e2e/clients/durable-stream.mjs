// The client of Durable Streams: reads a stream from an offset to its end. In: {url, headers, offset, live}. Out: a JSON line.
import { text } from 'node:stream/consumers';
import { stream } from '@durable-streams/client';

const { url, headers, offset, live } = JSON.parse(await text(process.stdin));
try {
  const found = await stream({ url, headers, offset, live });
  console.log(JSON.stringify({ items: await found.json(), offset: found.offset }));
} catch (error) {
  console.log(JSON.stringify({ error: error.code ?? error.name, status: error.status }));
}
