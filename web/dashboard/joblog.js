// The log of one job as far as this page knows it: ordered by sequence, without doubles, honest about what is missing.
// Pure: no network, no clock, no page.

/** What `add` and `addPage` answer: the entries that were new, and whether something contradicts what is here. */
function outcome() {
  return { fresh: [], conflict: false };
}

export class JobLog {
  #entries = new Map();
  #head = 0;
  #base = 0;
  #contiguous = 0;

  constructor(jobId) {
    this.jobId = jobId;
  }

  /** The highest sequence known to exist; some below it may be missing. */
  get head() {
    return this.#head;
  }

  /** Everything up to here is known (or was given up with `startAfter`): where a replay goes on. */
  get contiguous() {
    return this.#contiguous;
  }

  /** Sequences up to here can no longer be had. 0 for a log that is there from its beginning. */
  get base() {
    return this.#base;
  }

  /** Whether nothing is known to be missing. */
  get isWhole() {
    return this.#contiguous === this.#head;
  }

  get size() {
    return this.#entries.size;
  }

  /** Take a push: the update itself and the ones of the same commit in its `earlier`. */
  add(update, via = 'push') {
    const result = outcome();
    if (!update || update.jobId !== this.jobId) {
      return result;
    }
    for (const each of [...(update.earlier ?? []), update]) {
      this.#take(each, via, result);
    }
    this.#advance();
    return result;
  }

  /** Take a page of listStatusUpdates that says it is whole. */
  addPage(page, via = 'replay') {
    const result = outcome();
    for (const update of page.updates) {
      this.#take(update, via, result);
    }
    this.#head = Math.max(this.#head, page.currentSequence);
    this.#advance();
    return result;
  }

  /** Give up everything up to `sequence`: the log no longer reaches that far. Later entries stay. */
  startAfter(sequence) {
    this.#base = Math.max(this.#base, sequence);
    this.#head = Math.max(this.#head, sequence);
    this.#advance();
  }

  /** The entries in order: {sequence, update, via}. */
  entries() {
    return [...this.#entries.values()].sort((a, b) => a.sequence - b.sequence);
  }

  /** What is missing, as [first, last] ranges in order. */
  missing() {
    const ranges = [];
    let expected = this.#base + 1;
    for (const { sequence } of this.entries()) {
      if (sequence > expected) {
        ranges.push([expected, sequence - 1]);
      }
      expected = Math.max(expected, sequence + 1);
    }
    if (expected <= this.#head) {
      ranges.push([expected, this.#head]);
    }
    return ranges;
  }

  #take(update, via, result) {
    const { sequence } = update;
    if (!Number.isInteger(sequence) || sequence < 1) {
      return;
    }
    const known = this.#entries.get(sequence);
    if (known) {
      result.conflict ||= known.update.eventId !== update.eventId;
      return;
    }
    const entry = { sequence, update, via };
    this.#entries.set(sequence, entry);
    this.#head = Math.max(this.#head, sequence);
    result.fresh.push(entry);
  }

  #advance() {
    let next = Math.max(this.#contiguous, this.#base);
    while (this.#entries.has(next + 1)) {
      next += 1;
    }
    this.#contiguous = next;
  }
}
