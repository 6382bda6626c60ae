// Many jobs in step: timers that are due together ring in one go, so that what they then ask goes into one request.

import type { Environment } from './environment.ts';

/** Timers ring on multiples of this. */
const STEP_MS = 20;

/** What rings at one moment. */
interface Ring {
  readonly at: number;
  readonly waiting: Set<Waiting>;
  readonly timer: unknown;
}

interface Waiting {
  readonly ring: Ring;
  readonly action: () => void;
}

/** An environment whose timers keep step. Its chance keeps clients apart and not the jobs of one: all wait for the same pauses. */
export function inStep(environment: Environment): Environment {
  const rings = new Map<number, Ring>();
  const chance = environment.random();

  function ringAt(at: number): Ring {
    const ring: Ring = {
      at,
      waiting: new Set(),
      timer: environment.setTimeout(() => {
        rings.delete(at);
        for (const { action } of ring.waiting) {
          try {
            action();
          } catch (error) {
            environment.report(error);
          }
        }
      }, at - environment.now()),
    };
    rings.set(at, ring);
    return ring;
  }

  return {
    ...environment,
    random: () => chance,
    setTimeout: (action, milliseconds) => {
      const at = Math.ceil((environment.now() + milliseconds) / STEP_MS) * STEP_MS;
      const ring = rings.get(at) ?? ringAt(at);
      const waiting = { ring, action };
      ring.waiting.add(waiting);
      return waiting;
    },
    clearTimeout: (timer) => {
      const waiting = timer as Waiting | null | undefined;
      if (waiting?.ring.waiting.delete(waiting) && waiting.ring.waiting.size === 0) {
        rings.delete(waiting.ring.at);
        environment.clearTimeout(waiting.ring.timer);
      }
    },
  };
}
