// Pages of the log, as the functions of listStatusUpdates hand them on.

export const LOG_EXPIRED = 'log_expired';

// Never a partial list that looks whole.
export function notRecovered(current, reason) {
  return {
    updates: [],
    currentSequence: current,
    nextAfterSequence: current,
    recovered: false,
    reason,
    firstSequence: null,
  };
}
