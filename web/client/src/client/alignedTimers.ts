// Aligned timers of many jobs: timers that are due together fire together, so that their jobs share one request.

import type { Environment } from './environment.ts';

/** Timers fire at multiples of this. */
const ALIGNMENT_MS = 20;

/** The timers that fire at one time. */
interface Group {
  readonly at: number;
  readonly waiting: Set<Waiting>;
  readonly timer: unknown;
}

interface Waiting {
  readonly group: Group;
  readonly action: () => void;
}

/** An environment with aligned timers. All jobs of a client share its random number, so that their pauses are equal. */
export function withAlignedTimers(environment: Environment): Environment {
  const groups = new Map<number, Group>();
  const random = environment.random();

  function groupAt(at: number): Group {
    const group: Group = {
      at,
      waiting: new Set(),
      timer: environment.setTimeout(() => {
        groups.delete(at);
        for (const { action } of group.waiting) {
          try {
            action();
          } catch (error) {
            environment.report(error);
          }
        }
      }, at - environment.now()),
    };
    groups.set(at, group);
    return group;
  }

  return {
    ...environment,
    random: () => random,
    setTimeout: (action, milliseconds) => {
      const at = Math.ceil((environment.now() + milliseconds) / ALIGNMENT_MS) * ALIGNMENT_MS;
      const group = groups.get(at) ?? groupAt(at);
      const waiting = { group, action };
      group.waiting.add(waiting);
      return waiting;
    },
    clearTimeout: (timer) => {
      const waiting = timer as Waiting | null | undefined;
      if (waiting?.group.waiting.delete(waiting) && waiting.group.waiting.size === 0) {
        groups.delete(waiting.group.at);
        environment.clearTimeout(waiting.group.timer);
      }
    },
  };
}
