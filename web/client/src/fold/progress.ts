// The progress of the work: a weighted tree, tool → agent → job, which never decreases.

import { clamped, FULL, floorDivided, isObject, shortText, WEIGHT, WEIGHT_MAX } from './numbers.ts';

const LEAST_WEIGHT = 1;
const STEPS_PER_PLAN = 40;
const TOOLS_PER_STEP = 16;
const DEPENDENCIES_PER_STEP = 40;

/** Names with a number each, in order. */
export type Pairs = readonly (readonly [string, number])[];

/** One planned agent. Weight 0 takes the step out of the plan. */
export interface PlanStep {
  readonly name: string;
  /** The name, unless the plan names the invocation. */
  readonly invocationId: string;
  readonly weight: number;
  readonly dependsOn: readonly string[];
  readonly toolWeights: Pairs;
}

/** The steps of `metadata.plan`, without invalid ones. Of equal invocations, the first counts. */
export function parsePlan(value: unknown): PlanStep[] {
  const steps = new Map<string, PlanStep>();
  for (const entry of listOf(value)) {
    const step = stepOf(entry);
    if (step !== null && steps.size < STEPS_PER_PLAN && !steps.has(step.invocationId)) {
      steps.set(step.invocationId, step);
    }
  }
  return [...steps.values()];
}

function stepOf(value: unknown): PlanStep | null {
  const entry = isObject(value) ? value : { name: value };
  const name = shortText(entry.name);
  if (name === null) {
    return null;
  }
  const names = listOf(entry.dependsOn).map((one) => shortText(one));
  const dependsOn = [...new Set(names.filter((one) => one !== null))].slice(0, DEPENDENCIES_PER_STEP);
  const invocationId = shortText(entry.invocationId) ?? name;
  return { name, invocationId, weight: weightOf(entry.weight), dependsOn, toolWeights: toolWeightsOf(entry.tools) };
}

function toolWeightsOf(value: unknown): Pairs {
  const weights = new Map<string, number>();
  for (const entry of listOf(value)) {
    const tool = isObject(entry) ? entry : { name: entry };
    const name = shortText(tool.name);
    if (name !== null && weights.size < TOOLS_PER_STEP && !weights.has(name)) {
      weights.set(name, weightOf(tool.weight));
    }
  }
  return [...weights];
}

function weightOf(value: unknown): number {
  const weight = clamped(value, WEIGHT_MAX);
  if (weight === null) {
    return WEIGHT;
  }
  // Weight 0 takes a step out of the plan: a negative one must not.
  return (value as number) < 0 ? LEAST_WEIGHT : Math.min(WEIGHT_MAX, Math.floor(weight * WEIGHT + 0.5));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** An agent's progress: the larger of its own report and the share of its planned tools. */
export function agentProgress(reported: number | null, tools: Pairs, toolWeights: Pairs): number | null {
  let total = 0;
  let done = 0;
  const progress = new Map(tools);
  for (const [name, weight] of toolWeights) {
    total += weight;
    done += weight * (progress.get(name) ?? 0);
  }
  return total === 0 ? reported : Math.max(floorDivided(done, total), reported ?? 0);
}

/** A job's progress over its agents, kept up to date from those that change. */
export interface WeightedProgress {
  /** Sum of the weights. */
  readonly total: number;
  /** Sum of weight x progress. */
  readonly done: number;
  /** The shown progress. */
  readonly shown: number;
  /** [shown, true share] when the total was last revised. */
  readonly revisedAt: readonly [number, number];
}

export const NO_PROGRESS: WeightedProgress = { total: 0, done: 0, shown: 0, revisedAt: [0, 0] };

/** With `total` and `done` added; both may be negative. `shown` waits for `advanced`. */
export function moved(progress: WeightedProgress, total: number, done: number): WeightedProgress {
  return { ...progress, total: Math.max(0, progress.total + total), done: Math.max(0, progress.done + done) };
}

/** With `shown` brought up to date; `revised`: the total has changed since. */
export function advanced(progress: WeightedProgress, revised: boolean): WeightedProgress {
  const share = progress.total > 0 ? Math.min(FULL, floorDivided(progress.done, progress.total)) : 0;
  if (revised) {
    const shown = Math.max(progress.shown, share);
    return { ...progress, shown, revisedAt: [shown, share] };
  }
  const [shownThen, shareThen] = progress.revisedAt;
  if (shareThen >= FULL) {
    return progress;
  }
  const gained = floorDivided((FULL - shownThen) * Math.max(0, share - shareThen), FULL - shareThen);
  return { ...progress, shown: Math.max(progress.shown, shownThen + gained) };
}

/** Five integers, as stored. */
export function progressFrom(numbers: unknown): WeightedProgress {
  if (!Array.isArray(numbers) || numbers.length === 0) {
    return NO_PROGRESS;
  }
  const [total, done, shown, shownThen, shareThen] = numbers as [number, number, number, number, number];
  return { total, done, shown, revisedAt: [shownThen, shareThen] };
}
