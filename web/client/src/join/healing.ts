// Counts what went wrong on the way and was put right.

export interface Healed {
  /** Holes that no push filled soon. */
  readonly gaps: number;
  /** Pushes that came again. */
  readonly duplicates: number;
  /** Pushes that came after a later one, or after they were read from the log. */
  readonly reordered: number;
  /** Statuses whose push never came and that were read from the log. */
  readonly lost: number;
  readonly reconnects: number;
}

export const NOTHING_HEALED: Healed = { gaps: 0, duplicates: 0, reordered: 0, lost: 0, reconnects: 0 };

/** Pushes that are remembered, to know one that comes again. */
const REMEMBERED = 4_096;

type Numbered = { readonly sequence: number };

export class Healing {
  /** The same object until a count changes. */
  counts: Healed = NOTHING_HEALED;
  #pushed = new Set<number>();
  #highest = 0;
  /** What was counted as lost. */
  #lost = new Set<number>();

  gap(): void {
    this.#count('gaps');
  }

  reconnect(): void {
    this.#count('reconnects');
  }

  /** A push came, whose statuses were new (`fresh`) or held already (`known`). */
  pushed(fresh: readonly Numbered[], known: readonly Numbered[]): void {
    if (known.some(({ sequence }) => this.#pushed.has(sequence))) {
      this.#count('duplicates');
    }
    if (fresh.some(({ sequence }) => sequence < this.#highest)) {
      this.#count('reordered');
    }
    for (const { sequence } of [...known, ...fresh]) {
      this.#pushed.add(sequence);
      this.#highest = Math.max(this.#highest, sequence);
      if (this.#lost.delete(sequence)) {
        this.#count('lost', -1);
        this.#count('reordered');
      }
    }
    this.#forget();
  }

  /** Statuses came from the log; `isLate`: pushes should have brought all of them by now. */
  read(fresh: readonly Numbered[], isLate: boolean): void {
    for (const { sequence } of fresh) {
      if (isLate || sequence < this.#highest) {
        this.#lost.add(sequence);
        this.#count('lost');
      }
    }
  }

  /** Another log begins; what was counted stays. */
  restart(): void {
    this.#pushed.clear();
    this.#lost.clear();
    this.#highest = 0;
  }

  #count(name: keyof Healed, by = 1): void {
    this.counts = { ...this.counts, [name]: this.counts[name] + by };
  }

  #forget(): void {
    if (this.#pushed.size > REMEMBERED) {
      for (const sequence of [...this.#pushed].sort((a, b) => a - b).slice(0, REMEMBERED / 2)) {
        this.#pushed.delete(sequence);
        this.#lost.delete(sequence);
      }
    }
  }
}
