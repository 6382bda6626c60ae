// The runs of a job. A run lasts from one opening of a scope to its end; the next opening begins the next run. Each sender
// numbers its openings, which decides their order. Clocks of two machines are never compared.

import type { JsonObject, RawStatusUpdate } from '../types.ts';
import { clampedCount, isObject, shortText, WHOLE_NUMBER_MAX } from './numbers.ts';

const RUNS_KEPT = 32;
const RUN_ID_LENGTH = 64;

/** An opening of a job: [sender, n], the sender's nth. */
export type RunId = readonly [string, number];

/** The current run, with the data that distinguishes its statuses from those of older runs. */
export interface Runs {
  readonly number: number;
  /** The number of the current run. */
  readonly firstSequence: number | null;
  /** The current run's openings. */
  readonly current: readonly RunId[];
  /** By sender, the openings before a final status of the current run. */
  readonly closed: readonly RunId[];
  /** By sender, the openings of older runs. */
  readonly older: readonly RunId[];
}

/** The opening that a status names, `<sender>.<n>`. A name without a number is a sender's first. */
export function runIn(metadata: JsonObject): RunId | null {
  const text = shortText(metadata.run, RUN_ID_LENGTH);
  if (text === null) {
    return null;
  }
  const [, sender, digits] = /^(.+)\.([0-9]{1,9})$/su.exec(text) ?? [];
  return sender === undefined ? [text, 1] : [sender, Number(digits)];
}

/** Of a job's final status: its sender's newest opening by then; null for any other status. */
export function openedIn(update: RawStatusUpdate, metadata: JsonObject): number | null {
  return isFinal(update) ? (clampedCount(metadata.opened, WHOLE_NUMBER_MAX) ?? 0) : null;
}

function isFinal({ agentName, invocationId, type }: RawStatusUpdate): boolean {
  return !agentName && !invocationId && (type === 'complete' || type === 'error');
}

/** Whether an opening is of the current run, or was made before its end. */
export function isKnown(runs: Runs, run: RunId): boolean {
  return isCurrent(runs, run) || covers(runs.closed, run);
}

function isCurrent(runs: Runs, run: RunId): boolean {
  return runs.current.some(([sender, number]) => sender === run[0] && number === run[1]);
}

/** Whether an opening is of an older run. */
export function isOlder(runs: Runs, run: RunId): boolean {
  return covers(runs.older, run) && !isCurrent(runs, run);
}

/** With one more opening of the current run. */
export function joined(runs: Runs, run: RunId): Runs {
  return { ...runs, current: [...runs.current, run].slice(-RUNS_KEPT) };
}

/** After a final status that names `run`, and the newest opening of its sender. */
export function ended(runs: Runs, [sender, number]: RunId, opened: number): Runs {
  return { ...runs, closed: noted(runs.closed, [sender, Math.max(number, opened)]) };
}

/** The next run, which `run` opens with the status at `sequence`. */
export function begun({ number, current, closed, older }: Runs, run: RunId, sequence: number): Runs {
  const past = [...closed, ...current].reduce(noted, older);
  return { number: number + 1, firstSequence: sequence, current: [run], closed: [], older: past };
}

/** As stored, with the two numbers of the view. */
export function runsFrom(stored: unknown, number: number, firstSequence: number | null): Runs {
  const { current = [], closed = [], older = [] } = (isObject(stored) ? stored : {}) as Partial<Runs>;
  return { number, firstSequence, current, closed, older };
}

function covers(openings: readonly RunId[], [sender, number]: RunId): boolean {
  return openings.some(([one, newest]) => one === sender && number <= newest);
}

/** With `run` as the newest of its sender, which goes to the end. */
function noted(openings: readonly RunId[], [sender, number]: RunId): readonly RunId[] {
  const newest = openings.find(([one]) => one === sender)?.[1] ?? 0;
  const others = openings.filter(([one]) => one !== sender);
  return [...others, [sender, Math.max(newest, number)] as const].slice(-RUNS_KEPT);
}
