// What the tests share: statuses, a clock that a test moves, and chance that can be repeated.

export function statusOf(sequence, more = {}) {
  return {
    jobId: 'job-1',
    userId: 'ana',
    tenantId: 'riverton',
    eventId: `event-${sequence}`,
    sequence,
    type: 'agent_status',
    status: 'note',
    message: `status ${sequence}`,
    timestamp: new Date(Date.UTC(2026, 10, 20, 9, 30, 0, sequence)).toISOString(),
    earlier: null,
    ...more,
  };
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32's idea, written as a plain LCG). */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function shuffled(items, random) {
  return items
    .map((item) => [random(), item])
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

/** Timers that fire when the test says so. */
export class FakeTimers {
  #timers = new Map();
  #next = 1;
  now = 0;

  setTimeout = (action, milliseconds) => {
    const id = this.#next;
    this.#next += 1;
    this.#timers.set(id, { at: this.now + milliseconds, action });
    return id;
  };

  clearTimeout = (id) => {
    this.#timers.delete(id);
  };

  get count() {
    return this.#timers.size;
  }

  async advance(milliseconds) {
    const end = this.now + milliseconds;
    for (;;) {
      const [id, timer] = [...this.#timers].sort((a, b) => a[1].at - b[1].at)[0] ?? [];
      if (!timer || timer.at > end) {
        break;
      }
      this.#timers.delete(id);
      this.now = timer.at;
      timer.action();
      await settled();
    }
    this.now = end;
  }
}

/** Lets everything that is already due run. */
export async function settled() {
  for (let turn = 0; turn < 20; turn += 1) {
    await Promise.resolve();
  }
}
