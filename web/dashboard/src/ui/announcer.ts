// Reads news out to screen readers, but not more often than people can listen: the newest wins, unless it must be heard.

export const EVERY_MS = 2500;

export interface Timers {
  setTimeout: (action: () => void, milliseconds: number) => unknown;
}

export class Announcer {
  #newest = '';
  #certain: string[] = [];
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
    this.#soon();
  }

  /** Say something that no later news pushes aside. */
  sayForCertain(text: string): void {
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
        this.#tell(texts.filter(Boolean).join('. '));
      }, EVERY_MS);
    }
  }
}
