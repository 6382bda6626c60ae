// AG-UI's own client: its verifier, its schema and its state, on runs from standard input.
// In: one JSON line a run, {name, events, state, url?, headers?, input?}. Out: one JSON line for each that it refuses, then the count.
import { isDeepStrictEqual } from 'node:util';
import { createInterface } from 'node:readline';
import { HttpAgent } from '@ag-ui/client';

let warnings = [];
console.warn = (...words) => warnings.push(words.map(String).join(' '));
console.error = (...words) => warnings.push(words.map(String).join(' '));

function agentOf(run) {
  if (run.url) {
    return new HttpAgent({ url: run.url, headers: run.headers, threadId: run.threadId });
  }
  const body = run.events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
  const fetch = async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  return new HttpAgent({ url: 'http://127.0.0.1/ag-ui', threadId: 'session-1', fetch });
}

let count = 0;
let refused = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const run = JSON.parse(line);
  const agent = agentOf(run);
  const problems = [];
  warnings = [];
  try {
    await agent.runAgent({ runId: run.runId ?? 'run-1' });
  } catch (error) {
    // A run that ends with RUN_ERROR is a sound one: the client raises its message.
    if (!run.fails || error.message !== run.fails) {
      problems.push(`${error}`);
    }
  }
  problems.push(...warnings.filter((text) => !run.fails || !text.includes(run.fails)));
  if (run.state !== undefined && !isDeepStrictEqual(agent.state, run.state)) {
    problems.push(`state: ${JSON.stringify(agent.state)}`);
  }
  count += 1;
  if (problems.length > 0) {
    refused += 1;
    console.log(JSON.stringify({ refused: run.name, problems }));
  }
}
console.log(JSON.stringify({ count, refused }));
