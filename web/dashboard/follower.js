// Follows one job so that nothing is missed: pushes for speed, the log for truth.
// Replays after every (re)connect, shortly after it once more, on every gap, and on a slow beat until the job is over.

import { JobLog } from './joblog.js';

export const SETTLE_MS = 1500; // AppSync may lose events even after start_ack
export const BEAT_MS = 15000;
export const RETRY_MS = 2000;
const PAGE = 100;

export class JobFollower {
  #fetchPage;
  #onChange;
  #isOver;
  #timers;
  #healing = false;
  #again = false;
  #stopped = false;
  #pending = new Map();

  /**
   * fetchPage({jobId, afterSequence, limit}) gives a StatusUpdatePage or throws; onChange({fresh, via, reset, problem}) is told of every
   * change; isOver() says whether the job has ended; timers has setTimeout and clearTimeout.
   */
  constructor({ jobId, fetchPage, onChange, isOver, timers = globalThis }) {
    this.log = new JobLog(jobId);
    this.#fetchPage = fetchPage;
    this.#onChange = onChange;
    this.#isOver = isOver;
    this.#timers = timers;
    this.problem = null;
  }

  get isHealing() {
    return this.#healing;
  }

  /** A push arrived; pushes of other jobs are ignored. */
  push(update) {
    const { fresh, conflict } = this.log.add(update);
    if (conflict) {
      this.#restart();
    } else if (fresh.length > 0) {
      this.#onChange({ fresh, via: 'push' });
    }
    if (!this.log.isWhole) {
      void this.heal();
    }
  }

  /** The subscription stands (again): become whole, and look once more when late events have settled. */
  connected() {
    this.#later('settle', SETTLE_MS, () => this.heal());
    this.#beat();
    return this.heal();
  }

  stop() {
    this.#stopped = true;
    for (const id of this.#pending.values()) {
      this.#timers.clearTimeout(id);
    }
    this.#pending.clear();
  }

  /** Replay what is missing until the log is whole. Calls while one runs make it run once more. */
  async heal() {
    if (this.#stopped || this.#healing) {
      this.#again = this.#healing;
      return;
    }
    this.#healing = true;
    this.#onChange({ fresh: [], via: 'replay' });
    try {
      do {
        this.#again = false;
        await this.#replay();
      } while (this.#again && !this.#stopped);
      this.problem = null;
    } catch (error) {
      this.problem = error;
      this.#later('retry', RETRY_MS, () => this.heal());
    } finally {
      this.#healing = false;
    }
    if (!this.#stopped) {
      this.#onChange({ fresh: [], via: 'replay', problem: this.problem });
    }
  }

  async #replay() {
    for (;;) {
      const afterSequence = this.log.contiguous;
      const page = await this.#fetchPage({ jobId: this.log.jobId, afterSequence, limit: PAGE });
      if (this.#stopped) {
        return;
      }
      if (!page.recovered) {
        this.#giveUp(page);
        return;
      }
      const { fresh, conflict } = this.log.addPage(page);
      if (conflict) {
        this.#restart();
        return;
      }
      if (fresh.length > 0) {
        this.#onChange({ fresh, via: 'replay' });
      }
      if (page.nextAfterSequence >= page.currentSequence || page.nextAfterSequence <= afterSequence) {
        return;
      }
    }
  }

  /** The log no longer has what we lack. A log that is behind us belongs to an earlier or newer job of the same id. */
  #giveUp(page) {
    if (page.reason === 'ahead_of_log') {
      this.#restart();
      return;
    }
    this.log.startAfter(page.currentSequence);
    this.#onChange({ fresh: [], via: 'replay', reset: true });
  }

  #restart() {
    this.log = new JobLog(this.log.jobId);
    this.#onChange({ fresh: [], via: 'replay', reset: true });
    this.#again = true;
    this.#later('restart', 0, () => this.heal());
  }

  #beat() {
    this.#later('beat', BEAT_MS, async () => {
      if (!this.#isOver() || !this.log.isWhole) {
        await this.heal();
        this.#beat();
      }
    });
  }

  #later(name, milliseconds, action) {
    if (this.#stopped) {
      return;
    }
    this.#timers.clearTimeout(this.#pending.get(name));
    this.#pending.set(
      name,
      this.#timers.setTimeout(() => {
        this.#pending.delete(name);
        void action();
      }, milliseconds)
    );
  }
}
