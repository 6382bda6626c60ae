// The next read of a join, from the facts it has. Pure.

import type { Facts } from './facts.ts';

/** The most statuses that one page of the log has. */
export const PAGE = 100;

export interface NextRead {
  readonly kind: 'page' | 'snapshot' | 'tail';
  readonly after: number;
  readonly limit: number;
}

export const SNAPSHOT: NextRead = { kind: 'snapshot', after: 0, limit: 0 };

/** Null when nothing is missing. */
export function nextRead({ log, cut, hasRead, longLog, tail }: Facts): NextRead | null {
  const { first, last, head } = log;
  if (cut === 'job_gone') {
    return null;
  }
  if (head - last > longLog) {
    return SNAPSHOT;
  }
  if (!hasRead || last < head) {
    return { kind: 'page', after: last, limit: PAGE };
  }
  const after = Math.max(0, first - 1 - tail);
  return after < first - 1 ? { kind: 'tail', after, limit: Math.min(PAGE, first - 1 - after) } : null;
}
