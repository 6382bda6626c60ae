// Keeps unchanged agents as the same objects, so that their cards are not rendered again. Pure.

import type { AgentState } from '../types.ts';

/** `now`, with those of `before` that are equal. */
export function keepingSame(before: readonly AgentState[], now: readonly AgentState[]): readonly AgentState[] {
  const known = new Map(before.map((agent) => [agent.invocationId, agent]));
  const kept = now.map((agent) => {
    const old = known.get(agent.invocationId);
    return old && isEqual(old, agent) ? old : agent;
  });
  return kept.length === before.length && kept.every((agent, index) => agent === before[index]) ? before : kept;
}

function isEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) {
    return true;
  }
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return false;
  }
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => isEqual((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]))
  );
}
