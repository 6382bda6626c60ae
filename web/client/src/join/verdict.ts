// The verdict of a join, from the facts it has. Pure.

import type { Reason, Verdict } from './commands.ts';
import type { Facts } from './facts.ts';

export interface Assessment {
  readonly verdict: Verdict;
  readonly reason: Reason | null;
}

/** `whole` requires a position that was requested after the latest start_ack, and that the known log has reached. */
export function verdictOf({ log, error, cut, coverage, wasConfirmed, hasRead, hasPosition }: Facts): Assessment {
  if (cut === 'job_gone') {
    return { verdict: 'cut', reason: 'job_gone' };
  }
  const failing = error === null ? null : error.isRefusal ? 'forbidden' : 'failing';
  if (!log.isWhole) {
    return { verdict: hasRead ? 'behind' : 'joining', reason: failing ?? 'catching_up' };
  }
  if (coverage === null) {
    const reason = failing ?? (hasPosition ? 'not_connected' : 'connecting');
    return { verdict: failing || hasPosition ? 'behind' : 'joining', reason };
  }
  const { isLive, isConfirmed } = coverage;
  if (isLive && isConfirmed && failing === null) {
    return cut === null ? { verdict: 'whole', reason: null } : { verdict: 'cut', reason: cut };
  }
  const reason = isLive ? 'checking' : 'not_connected';
  return { verdict: isLive && !wasConfirmed ? 'joining' : 'behind', reason: failing ?? reason };
}
