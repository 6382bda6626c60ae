import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

import { fold } from '../src/fold/fold.ts';
import { jobView } from '../src/fold/snapshot.ts';
import type { RawStatusUpdate } from '../src/types.ts';

const FOLDER = new URL('../../../tests/vectors/', import.meta.url);
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

interface Vector {
  title: string;
  updates: RawStatusUpdate[];
  snapshot: unknown;
  liveness: [number, string | null, Record<string, string | null>?][];
}

for (const name of NAMES) {
  const vector = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Vector;
  test(`${name}: ${vector.title}`, () => {
    const snapshot = fold(vector.updates);
    assert.deepEqual(JSON.parse(JSON.stringify(jobView(snapshot))), vector.snapshot);
    for (const [now, verdict, ofAgents = {}] of vector.liveness) {
      const job = jobView(snapshot, { now });
      assert.equal(job.liveness, verdict, `at ${now}`);
      const agents = new Map(job.agents.map((agent) => [agent.invocationId, agent.liveness]));
      for (const [invocationId, ofAgent] of Object.entries(ofAgents)) {
        assert.equal(agents.get(invocationId), ofAgent, `${invocationId} at ${now}`);
      }
    }
    const backwards = [...vector.updates, ...vector.updates].reverse();
    assert.deepEqual(jobView(fold(backwards)), jobView(snapshot));
  });
}

test('there are vectors', () => assert.ok(NAMES.length >= 30));
