// Pages of the log, as the functions of listStatusUpdates pass them on.

export const LOG_EXPIRED = 'log_expired';

// An incomplete list must never look complete.
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
