// The service's clock. By a wrong clock of the machine, the page would show every agent as lost, or none.

/** The error of a reading, which has whole seconds, and takes time to arrive. */
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

  /** Add a reading: between `asked` on this machine's clock and now, the service's clock was `theirs`, in whole seconds. */
  synchronize(theirs: number, asked: number): void {
    const ahead = (asked + this.#now()) / 2 - theirs - 500;
    if (Number.isFinite(ahead) && Math.abs(ahead - this.ahead) >= JITTER_MS) {
      this.ahead = ahead;
    }
  }
}
