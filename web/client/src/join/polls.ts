// Decides how often a job's position is checked. The client polls every few seconds, and each job decides whether to join.

/** The polls after a new status that all check the position, because pushes may have stopped. */
const ATTENTIVE = 12;
/** After that, one in this number of polls checks the position. */
const QUIET = 4;
/** The same for jobs with few expected statuses. */
export const RARE = 60;

export class Polls {
  #count = 0;
  #sinceChange = 0;

  /** Statuses arrived, the subscription started, or the page woke up. */
  changed(): void {
    this.#sinceChange = 0;
  }

  /** Count a poll. Returns whether it checks the position. */
  isTurn(pace: 'brisk' | 'steady' | 'seldom'): boolean {
    this.#count += 1;
    this.#sinceChange += 1;
    const isBrisk = pace === 'brisk' || this.#sinceChange <= ATTENTIVE;
    return this.#count % (pace === 'seldom' ? RARE : isBrisk ? 1 : QUIET) === 0;
  }
}
