// Reads news out to screen readers, but not more often than people can listen: the newest wins.

export const EVERY_MS = 2500;

export interface Timers {
  setTimeout: (action: () => void, milliseconds: number) => unknown;
}

export class Announcer {
  #newest = '';
  #isWaiting = false;
  #tell: (text: string) => void;
  #timers: Timers;

  /** `tell` puts a text where it is read out. */
  constructor(tell: (text: string) => void, timers: Timers = { setTimeout: (action, ms) => setTimeout(action, ms) }) {
    this.#tell = tell;
    this.#timers = timers;
  }

  say(text: string): void {
    this.#newest = text;
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      this.#timers.setTimeout(() => {
        this.#isWaiting = false;
        this.#tell(this.#newest);
      }, EVERY_MS);
    }
  }
}
