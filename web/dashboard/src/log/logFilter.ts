// Filters the statuses of the log. Pure.

import { invocationOf } from '../job/history.ts';
import { sourceOf } from '../labels.ts';
import type { StatusUpdate } from '../types.ts';

export type LogKind = 'all' | 'tools' | 'errors';

export interface LogFilter {
  kind: LogKind;
  /** Shows statuses of this invocation only. */
  invocationId: string | null;
  text: string;
}

const ERRORS = new Set(['error', 'agent_error', 'tool_error']);

const OF_KIND: Record<LogKind, (update: StatusUpdate) => boolean> = {
  all: () => true,
  tools: ({ toolName }) => Boolean(toolName),
  errors: ({ status }) => ERRORS.has(status),
};

/** The matching statuses, in order; the same list object if all match. */
export function filtered(updates: readonly StatusUpdate[], filter: LogFilter): readonly StatusUpdate[] {
  const terms = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (filter.kind === 'all' && filter.invocationId === null && terms.length === 0) {
    return updates;
  }
  return updates.filter((update) => {
    const isOfAgent = filter.invocationId === null || invocationOf(update) === filter.invocationId;
    return isOfAgent && OF_KIND[filter.kind](update) && matches(update, terms);
  });
}

function matches(update: StatusUpdate, terms: readonly string[]): boolean {
  if (terms.length === 0) {
    return true;
  }
  const text = `${sourceOf(update)} ${update.status} ${update.toolName ?? ''} ${update.message} ${update.sequence}`.toLowerCase();
  return terms.every((term) => text.includes(term));
}
