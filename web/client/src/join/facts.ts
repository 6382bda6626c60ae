// The facts that a join collects. Its verdict and its reads follow from them.

import type { StatusbeamError } from '../errors.ts';
import type { Reason } from './commands.ts';
import type { JobLog } from './log.ts';

/** A subscription from its start to its interruption. The next start creates a new one. */
export interface Coverage {
  isLive: boolean;
  /** Whether a position has arrived that was requested while it was live. */
  isConfirmed: boolean;
}

export interface Facts {
  log: JobLog;
  /** Of the last read or subscription that failed, until one succeeds. */
  error: StatusbeamError | null;
  /** The newest subscription; null before the first one. */
  coverage: Coverage | null;
  /** Whether any subscription was confirmed. */
  wasConfirmed: boolean;
  hasPosition: boolean;
  hasRead: boolean;
  /** The newest status came from the log, and its push is overdue. */
  isDelayed: boolean;
  /** The expired part of the log. */
  cut: Reason | null;
  /** A log this much longer than the known part is joined by its snapshot; infinite when the job has none. */
  longLog: number;
  /** Statuses before the snapshot are read for display, from the one after this; infinite when none are wanted. */
  tailFrom: number;
}
