import assert from 'node:assert/strict';
import test from 'node:test';

import { type ClientOutcome, ClientRun } from './sim/clientRun.ts';

const RUNS = Number(process.env.STATUSBEAM_CLIENT_RUNS ?? 200);
const FIRST = Number(process.env.STATUSBEAM_CLIENT_SEED ?? 1);

test(`${RUNS} clients whose users change, whose ids are wrong and whose logs expire show each user all of theirs, and nothing else`, async () => {
  const seen = new Map<string, number>();
  for (let seed = FIRST; seed < FIRST + RUNS; seed += 1) {
    let outcome: ClientOutcome;
    try {
      outcome = await new ClientRun(seed).go();
    } catch (error) {
      throw new Error(`seed ${seed}: STATUSBEAM_CLIENT_SEED=${seed} STATUSBEAM_CLIENT_RUNS=1`, { cause: error });
    }
    for (const [name, count] of Object.entries(outcome)) {
      seen.set(name, (seen.get(name) ?? 0) + count);
    }
  }
  console.log(`runs=${RUNS}, ${[...seen].map(([name, count]) => `${name}=${count}`).join(', ')}`);
  assert.ok(RUNS < 100 || [...seen.values()].every((count) => count > 0), 'the runs as a whole meet every fault');
});
