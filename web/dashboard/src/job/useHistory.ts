import { useEffect, useState } from 'react';
import type { JobState, JobWatch } from '../types.ts';

/** Read the log before the snapshot of a long job, after the snapshot is shown. Returns whether the read is in progress. */
export function useHistory(watch: JobWatch | null, { verdict, firstSequence }: JobState): boolean {
  const [isDone, setDone] = useState(false);
  const isMissing = firstSequence > 1 && verdict !== 'joining';
  useEffect(() => {
    if (!isMissing || watch === null) {
      return undefined;
    }
    let isShown = true;
    setDone(false);
    // if the read fails, the page still shows the known statuses
    void watch
      .loadHistory()
      .catch(() => undefined)
      .finally(() => isShown && setDone(true));
    return () => {
      isShown = false;
    };
  }, [watch, isMissing]);
  return isMissing && !isDone;
}
