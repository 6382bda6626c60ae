// Time that stands still until a test moves it, and dice that fall the same way for the same seed.

export type Random = () => number;

/** mulberry32: small, quick, the same numbers everywhere. */
export function dice(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Entry {
  at: number;
  readonly order: number;
  readonly action: () => void;
  isCancelled: boolean;
}

/** Actions by time, in a heap. */
export class VirtualClock {
  now = 1_795_167_000_000;
  #heap: Entry[] = [];
  #order = 0;

  after(delay: number, action: () => void): Entry {
    this.#order += 1;
    const entry = { at: this.now + Math.max(0, delay), order: this.#order, action, isCancelled: false };
    this.#heap.push(entry);
    this.#up(this.#heap.length - 1);
    return entry;
  }

  cancel(entry: unknown): void {
    if (entry !== null && entry !== undefined) {
      (entry as Entry).isCancelled = true;
    }
  }

  /** When the next action is due; null: never. */
  get next(): number | null {
    while (this.#heap[0]?.isCancelled) {
      this.#pop();
    }
    return this.#heap[0]?.at ?? null;
  }

  /** Do the next action; false when there is none until `end`. */
  step(end: number): boolean {
    const at = this.next;
    if (at === null || at > end) {
      this.now = Math.max(this.now, end);
      return false;
    }
    const entry = this.#pop() as Entry;
    this.now = Math.max(this.now, entry.at);
    entry.action();
    return true;
  }

  runUntil(end: number): void {
    while (this.step(end)) {
      // each step is the work
    }
  }

  #pop(): Entry | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (this.#heap.length > 0 && last !== undefined) {
      this.#heap[0] = last;
      this.#down(0);
    }
    return first;
  }

  #before(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one] as Entry, this.#heap[other] as Entry];
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  #swap(one: number, other: number): void {
    [this.#heap[one], this.#heap[other]] = [this.#heap[other] as Entry, this.#heap[one] as Entry];
  }

  #up(start: number): void {
    for (let at = start; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) {
        return;
      }
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(start: number): void {
    for (let at = start; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < this.#heap.length && this.#before(left, least)) {
        least = left;
      }
      if (right < this.#heap.length && this.#before(right, least)) {
        least = right;
      }
      if (least === at) {
        return;
      }
      this.#swap(at, least);
      at = least;
    }
  }
}
