import { useEffect, useState } from 'react';
import type { JobState, JobWatch } from '../types.ts';

/** A long job is joined by its snapshot; once that is shown, the log before it is read, as far back as it goes. Whether it is being read. */
export function useHistory(watch: JobWatch | null, { verdict, firstSequence }: JobState): boolean {
  const [isDone, setDone] = useState(false);
  const isMissing = firstSequence > 1 && verdict !== 'joining';
  useEffect(() => {
    if (!isMissing || watch === null) {
      return undefined;
    }
    let isShown = true;
    setDone(false);
    // If reading fails, the page still shows the statuses that it has.
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
