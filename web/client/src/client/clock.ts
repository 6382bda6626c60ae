// How far this machine's clock is ahead of the service's: one that is minutes off would call every agent lost, or none.

/** What two readings of one clock may differ by: they are of whole seconds, and took their way. */
const JITTER_MS = 3_000;

export class ServiceClock {
  /** Milliseconds; 0 while nobody knows. */
  ahead = 0;
  #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Epoch milliseconds by the service's clock. */
  now(): number {
    return this.#now() - this.ahead;
  }

  /** What this machine's clock says. */
  own(): number {
    return this.#now();
  }

  /** The service read `theirs` off its clock, in whole seconds, between `asked` on our own and now. */
  told(theirs: number, asked: number): void {
    const ahead = (asked + this.#now()) / 2 - theirs - 500;
    if (Number.isFinite(ahead) && Math.abs(ahead - this.ahead) >= JITTER_MS) {
      this.ahead = ahead;
    }
  }
}
