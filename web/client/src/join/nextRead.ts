// The next read of a join, from the facts it has. Pure.

import type { Facts } from './facts.ts';
import { PAGE, type PageRead } from './log.ts';

export interface NextRead extends PageRead {
  readonly kind: 'page' | 'snapshot' | 'tail';
}

export const SNAPSHOT: NextRead = { kind: 'snapshot', after: 0, limit: 0 };

/** Null when nothing is missing. */
export function nextRead({ log, cut, hasRead, longLog, tailFrom }: Facts): NextRead | null {
  const { last, head } = log;
  if (cut === 'job_gone') {
    return null;
  }
  if (head - last > longLog) {
    return SNAPSHOT;
  }
  if (!hasRead || last < head) {
    return { kind: 'page', after: last, limit: PAGE };
  }
  const [before] = log.readsBefore(tailFrom, 1);
  return before === undefined ? null : { kind: 'tail', ...before };
}
