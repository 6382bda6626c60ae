import { useEffect, useState } from 'react';
import type { JobState, JobWatch } from '../types.ts';

/** A long job is joined by its snapshot; once that is shown, the log before it is read, as far back as it goes. Whether it is being read. */
export function useHistory(watch: JobWatch, { verdict, firstSequence }: JobState): boolean {
  const [isDone, setDone] = useState(false);
  const isMissing = firstSequence > 1 && verdict !== 'joining';
  useEffect(() => {
    if (!isMissing) {
      return undefined;
    }
    let isShown = true;
    setDone(false);
    void readBack(watch, () => isShown).finally(() => isShown && setDone(true));
    return () => {
      isShown = false;
    };
  }, [watch, isMissing]);
  return isMissing && !isDone;
}

/** Read until the log's beginning, or until nothing more comes. What is known stays shown when reading fails. */
async function readBack(watch: JobWatch, goesOn: () => boolean): Promise<void> {
  for (let before = Number.POSITIVE_INFINITY; goesOn(); ) {
    const { firstSequence } = watch.getState();
    if (firstSequence <= 1 || firstSequence >= before) {
      return;
    }
    before = firstSequence;
    await watch.loadHistory().catch(() => undefined);
  }
}
