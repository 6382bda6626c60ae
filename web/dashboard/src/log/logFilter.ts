// Which statuses of the log are shown. Pure.

import { invocationOf } from '../job/history.ts';
import type { StatusUpdate } from '../types.ts';
import { sourceOf } from '../words.ts';

export type LogKind = 'all' | 'tools' | 'errors';

export interface LogFilter {
  kind: LogKind;
  /** Only of this invocation. */
  invocationId: string | null;
  text: string;
}

const ERRORS = new Set(['error', 'agent_error', 'tool_error']);

const OF_KIND: Record<LogKind, (update: StatusUpdate) => boolean> = {
  all: () => true,
  tools: ({ toolName }) => Boolean(toolName),
  errors: ({ status }) => ERRORS.has(status),
};

/** The statuses that fit, in order; the very same list when all do. */
export function filtered(updates: readonly StatusUpdate[], filter: LogFilter): readonly StatusUpdate[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (filter.kind === 'all' && filter.invocationId === null && words.length === 0) {
    return updates;
  }
  return updates.filter((update) => {
    const isOfAgent = filter.invocationId === null || invocationOf(update) === filter.invocationId;
    return isOfAgent && OF_KIND[filter.kind](update) && says(update, words);
  });
}

function says(update: StatusUpdate, words: readonly string[]): boolean {
  if (words.length === 0) {
    return true;
  }
  const text = `${sourceOf(update)} ${update.status} ${update.toolName ?? ''} ${update.message} ${update.sequence}`.toLowerCase();
  return words.every((word) => text.includes(word));
}
