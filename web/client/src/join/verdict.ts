// What a join may say of itself, from the facts it has. Pure.

import type { StatusbeamError } from '../errors.ts';
import type { Reason, Verdict } from './commands.ts';

export interface Facts {
  readonly error: StatusbeamError | null;
  /** What of the log is gone for good. */
  readonly cut: Reason | null;
  /** Nothing is known to be missing. */
  readonly isWhole: boolean;
  readonly isLive: boolean;
  /** How often the subscription came to stand, and in which of those times a position was told; -1: in none. */
  readonly era: number;
  readonly confirmedEra: number;
  readonly hasRead: boolean;
  readonly hasPosition: boolean;
}

export interface Said {
  readonly verdict: Verdict;
  readonly reason: Reason | null;
}

/** `whole` is only said when a position asked for after the latest start_ack came no further than what is held. */
export function verdictOf({ error, cut, isWhole, isLive, era, confirmedEra, hasRead, hasPosition }: Facts): Said {
  if (cut === 'job_gone') {
    return { verdict: 'cut', reason: 'job_gone' };
  }
  const failing = error === null ? null : error.code === 'forbidden' ? 'forbidden' : 'failing';
  if (!isWhole) {
    return { verdict: hasRead ? 'behind' : 'joining', reason: failing ?? 'catching_up' };
  }
  if (isLive && confirmedEra === era && failing === null) {
    return cut === null ? { verdict: 'whole', reason: null } : { verdict: 'cut', reason: cut };
  }
  if (era === 0) {
    const reason = failing ?? (hasPosition ? 'not_connected' : 'connecting');
    return { verdict: failing || hasPosition ? 'behind' : 'joining', reason };
  }
  const reason = isLive ? 'checking' : 'not_connected';
  return { verdict: confirmedEra < 0 && isLive ? 'joining' : 'behind', reason: failing ?? reason };
}
