// The example's result, from the metadata of its job's final status. Pure.

import type { JsonObject, StatusUpdate } from '../types.ts';

const VERDICTS = new Map([
  ['accepted', 'Accepted'],
  ['needs_review', 'Needs review'],
  ['incomplete', 'Waits for an answer'],
]);

export function workOrderIn(updates: readonly StatusUpdate[]): JsonObject | null {
  const order = updates.findLast(({ type }) => type === 'complete')?.metadata?.workOrder;
  return typeof order === 'object' && order !== null && !Array.isArray(order) ? (order as JsonObject) : null;
}

export function factsOf(order: JsonObject): [string, string][] {
  const hours = Number(order.slaHours);
  const due = hours >= 48 ? `${Math.floor(hours / 24)} days` : hours > 0 ? `${hours} h` : null;
  const facts: [string, unknown][] = [
    ['Department', order.department],
    ['Priority', order.priority],
    ['Due within', due],
    ['Place', order.location ?? 'Unknown'],
    ['Severity', order.severity ? `${String(order.severity)} of 5` : null],
    ['Verdict', VERDICTS.get(String(order.verdict)) ?? order.verdict],
  ];
  return facts.map(([name, value]) => [name, String(value ?? '–')]);
}

export function questionsOf(order: JsonObject): string[] {
  return Array.isArray(order.questions) ? order.questions.map(String) : [];
}
