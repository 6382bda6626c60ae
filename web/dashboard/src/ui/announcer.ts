// Passes news to screen readers, no more often than people can listen: the newest replaces others, unless they must be read.

export const EVERY_MS = 2500;

export interface Timers {
  setTimeout: (action: () => void, milliseconds: number) => unknown;
}

export class Announcer {
  #newest = '';
  #certain: string[] = [];
  #isWaiting = false;
  #show: (text: string) => void;
  #timers: Timers;

  /** `show` puts a text where screen readers find it. */
  constructor(show: (text: string) => void, timers: Timers = { setTimeout: (action, ms) => setTimeout(action, ms) }) {
    this.#show = show;
    this.#timers = timers;
  }

  announce(text: string): void {
    this.#newest = text;
    this.#soon();
  }

  /** Announce a text that no later one replaces. */
  announceAlways(text: string): void {
    this.#certain.push(text);
    this.#soon();
  }

  #soon(): void {
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      this.#timers.setTimeout(() => {
        const texts = [this.#newest, ...this.#certain];
        this.#isWaiting = false;
        this.#newest = '';
        this.#certain = [];
        this.#show(texts.filter(Boolean).join('. '));
      }, EVERY_MS);
    }
  }
}
