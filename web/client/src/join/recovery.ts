// Counts the lost, late and repeated pushes, and the join's reads for them.

export interface RecoveryCounts {
  /** Gaps that no push filled in time. */
  readonly gaps: number;
  /** Repeated pushes. */
  readonly duplicates: number;
  /** Pushes that arrived after a later one, or after a read of their status. */
  readonly reordered: number;
  /** Statuses that were read from the log because their push never arrived, without statuses from before the join. */
  readonly lost: number;
  readonly reconnects: number;
}

export const NO_RECOVERY: RecoveryCounts = { gaps: 0, duplicates: 0, reordered: 0, lost: 0, reconnects: 0 };

/** How many pushes are remembered, to recognize a repeated one. */
const REMEMBERED = 4_096;

export const NONE_LOST: ReadonlySet<number> = new Set();

type Numbered = { readonly sequence: number };

export class Recovery {
  /** The same object until a count changes. */
  counts: RecoveryCounts = NO_RECOVERY;
  /** The sequences that count as lost; the same set until it changes. */
  lost: ReadonlySet<number> = NONE_LOST;
  #pushed = new Set<number>();
  #highest = 0;
  /** The head of the log when the subscription started: earlier statuses were not to be pushed. */
  #joinedAt: number | null = null;

  gap(): void {
    this.#count('gaps');
  }

  reconnect(): void {
    this.#count('reconnects');
  }

  /** Count a push, whose statuses were new (`fresh`) or known (`known`). */
  pushed(fresh: readonly Numbered[], known: readonly Numbered[]): void {
    if (known.some(({ sequence }) => this.#pushed.has(sequence))) {
      this.#count('duplicates');
    }
    if (fresh.some(({ sequence }) => sequence < this.#highest)) {
      this.#count('reordered');
    }
    const late = known.filter(({ sequence }) => this.lost.has(sequence));
    for (const { sequence } of [...known, ...fresh]) {
      this.#pushed.add(sequence);
      this.#highest = Math.max(this.#highest, sequence);
    }
    if (late.length > 0) {
      this.#lose([...this.lost].filter((each) => late.every(({ sequence }) => sequence !== each)));
      this.#count('reordered', late.length);
    }
    this.#forget();
  }

  /** A subscription is live, and the head of the log is `sequence`. */
  joined(sequence: number): void {
    this.#joinedAt ??= sequence;
  }

  /** Count statuses from the log. Returns whether a push for one is missing. If that push arrives later, it counts as late. */
  read(fresh: readonly Numbered[]): boolean {
    const joinedAt = this.#joinedAt;
    const lost = joinedAt === null ? [] : fresh.filter(({ sequence }) => sequence > joinedAt);
    if (lost.length > 0) {
      this.#lose([...this.lost, ...lost.map(({ sequence }) => sequence)]);
    }
    return lost.length > 0;
  }

  /** Start another log, and keep the counts. */
  restart(): void {
    this.#pushed.clear();
    this.lost = NONE_LOST;
    this.#highest = 0;
    this.#joinedAt = null;
  }

  #lose(sequences: readonly number[]): void {
    this.#count('lost', sequences.length - this.lost.size);
    this.lost = new Set(sequences);
  }

  #count(name: keyof RecoveryCounts, by = 1): void {
    this.counts = { ...this.counts, [name]: this.counts[name] + by };
  }

  #forget(): void {
    if (this.#pushed.size > REMEMBERED) {
      for (const sequence of [...this.#pushed].sort((a, b) => a - b).slice(0, REMEMBERED / 2)) {
        this.#pushed.delete(sequence);
      }
    }
  }
}
