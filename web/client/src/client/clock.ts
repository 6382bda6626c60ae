// The service's clock. A machine whose own clock is minutes off would show every agent as lost, or none.

/** The error of a reading: it has whole seconds only, and its way takes time. */
const JITTER_MS = 3_000;

export class ServiceClock {
  /** The milliseconds that this machine's clock is ahead; 0 before the first reading. */
  ahead = 0;
  #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Epoch milliseconds by the service's clock. */
  now(): number {
    return this.#now() - this.ahead;
  }

  /** Epoch milliseconds by this machine's clock. */
  local(): number {
    return this.#now();
  }

  /** The service's clock showed `theirs`, in whole seconds, between `asked` on this machine's clock and now. */
  synchronize(theirs: number, asked: number): void {
    const ahead = (asked + this.#now()) / 2 - theirs - 500;
    if (Number.isFinite(ahead) && Math.abs(ahead - this.ahead) >= JITTER_MS) {
      this.ahead = ahead;
    }
  }
}
