import assert from 'node:assert/strict';
import test from 'node:test';

import { type Outcome, Run } from './sim/run.ts';

const RUNS = Number(process.env.STATUSBEAM_CLIENT_RUNS ?? 10_000);
const FIRST = Number(process.env.STATUSBEAM_CLIENT_SEED ?? 1);

test(`${RUNS} joins over a network that loses, doubles, swaps, delays and cuts end whole, with nothing applied twice`, () => {
  const seen = new Map<string, number>();
  for (let seed = FIRST; seed < FIRST + RUNS; seed += 1) {
    let outcome: Outcome;
    try {
      outcome = new Run(seed).go();
    } catch (error) {
      throw new Error(`seed ${seed}: STATUSBEAM_CLIENT_SEED=${seed} STATUSBEAM_CLIENT_RUNS=1`, { cause: error });
    }
    const { recovery, snapshots, refusals, statuses, verdict } = outcome;
    for (const [name, count] of Object.entries({ ...recovery, snapshots, refusals, statuses, cut: verdict === 'cut' ? 1 : 0 })) {
      seen.set(name, (seen.get(name) ?? 0) + count);
    }
  }
  console.log(`runs=${RUNS}, ${[...seen].map(([name, count]) => `${name}=${count}`).join(', ')}`);
  // The runs as a whole meet everything there is to heal.
  if (RUNS >= 1_000) {
    assert.deepEqual(
      [...seen].filter(([, count]) => count === 0),
      []
    );
  }
});
