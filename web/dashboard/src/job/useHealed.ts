import { useEffect, useState } from 'react';
import type { Client, JobWatch, StatusUpdate } from '../types.ts';

const NONE: ReadonlySet<number> = new Set();

interface Push {
  readonly jobId: string;
  readonly sequence?: number | null;
  readonly earlier?: readonly Push[] | null;
}

/** The sequences that no push brought although the page was listening: the log gave them. */
export function useHealed(client: Client, watch: JobWatch, jobId: string): ReadonlySet<number> {
  const [healed, setHealed] = useState(NONE);
  useEffect(() => {
    const tracker = new HealedTracker();
    const unlisten = client.listen({
      wants: 'user',
      push: (push: Push) => push.jobId === jobId && tracker.pushed(push),
      connected: () => undefined,
    });
    const look = () => {
      const { updates, verdict } = watch.getState();
      setHealed(tracker.known(updates, verdict === 'whole'));
    };
    const end = watch.subscribe(look);
    look();
    return () => {
      unlisten();
      end();
    };
  }, [client, watch, jobId]);
  return healed;
}

/** Tells which statuses came from the log after the page had been whole once. */
export class HealedTracker {
  #pushed = new Set<number>();
  #healed: ReadonlySet<number> = NONE;
  #last: number | null = null;

  pushed(push: Push): void {
    for (const each of [...(push.earlier ?? []), push]) {
      if (each.sequence != null) {
        this.#pushed.add(each.sequence);
      }
    }
  }

  /** The known log now. What comes before it was whole for the first time was read to begin with: no healing. */
  known(updates: readonly StatusUpdate[], isWhole: boolean): ReadonlySet<number> {
    const newest = updates.at(-1)?.sequence ?? 0;
    if (this.#last !== null && newest > this.#last) {
      const known = this.#last;
      const found = updates
        .filter(({ sequence }) => sequence > known && !this.#pushed.has(sequence))
        .map(({ sequence }) => sequence);
      if (found.length > 0) {
        this.#healed = new Set([...this.#healed, ...found]);
      }
    }
    if (this.#last !== null || isWhole) {
      this.#last = newest;
      this.#pushed = new Set([...this.#pushed].filter((sequence) => sequence > newest));
    }
    return this.#healed;
  }
}
