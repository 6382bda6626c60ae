// Folds the cases of a file, which the Python twin wrote with what it made of them, and prints where the two differ:
// node twin.ts cases.json

import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import { apply, canonical, fold } from '../src/fold/fold.ts';
import { jobView, snapshotOf } from '../src/fold/snapshot.ts';
import type { RawStatusUpdate, StoredJob } from '../src/types.ts';

interface Case {
  readonly seed: number;
  /** Any order, redelivered, some as pushes with `earlier`. */
  readonly updates: RawStatusUpdate[];
  readonly job: unknown;
  readonly now: number;
  /** getJob's answer when the log had come to `stored.sequence`, and what came later. */
  readonly stored: StoredJob;
  readonly tail: RawStatusUpdate[];
  /** A moment before the end, and the job then. */
  readonly sequence: number;
  readonly then: unknown;
}

const cases = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as Case[];
const differences: object[] = [];
for (const { seed, updates, job, now, stored, tail, sequence, then } of cases) {
  const before = canonical(updates).filter((update) => (update.sequence ?? Number.POSITIVE_INFINITY) <= sequence);
  const found = {
    'fold(all)': [jobView(fold(updates), { now }), job],
    'apply(snapshot, tail)': [jobView(apply(snapshotOf(stored), tail), { now }), job],
    'apply(snapshot, all)': [jobView(apply(snapshotOf(stored), updates), { now }), job],
    'fold(up to sequence)': [jobView(fold(before)), then],
  };
  for (const [what, [mine, theirs]] of Object.entries(found)) {
    const plain: unknown = JSON.parse(JSON.stringify(mine));
    if (!isDeepStrictEqual(plain, theirs)) {
      differences.push({ seed, what, typescript: plain, python: theirs });
    }
  }
}
console.log(JSON.stringify({ cases: cases.length, differences: differences.slice(0, 3), count: differences.length }));
