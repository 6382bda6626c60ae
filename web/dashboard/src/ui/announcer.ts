// Passes texts to screen readers, not faster than people can listen. A new text replaces waiting ones, unless they are urgent.

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

  /** `show` puts a text into the live region. */
  constructor(show: (text: string) => void, timers: Timers = { setTimeout: (action, ms) => setTimeout(action, ms) }) {
    this.#show = show;
    this.#timers = timers;
  }

  announce(text: string): void {
    this.#newest = text;
    this.#soon();
  }

  /** Announce a text that later ones do not replace. */
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
