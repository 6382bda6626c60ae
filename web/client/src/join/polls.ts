// How often the position of a job is checked. The client polls every few seconds, and each job answers whether it is its turn.

/** For so many polls after the newest news, each one checks the position: the service may no longer push. */
const ATTENTIVE = 12;
/** One poll in so many reads the log, later on. */
const QUIET = 4;
/** The same where few statuses are expected. */
export const SELDOM = 60;

export class Polls {
  #count = 0;
  #sinceNews = 0;

  /** Statuses came, the subscription started, or the page woke up. */
  news(): void {
    this.#sinceNews = 0;
  }

  /** Count one more poll; whether it checks the position. */
  isTurn(pace: 'brisk' | 'steady' | 'seldom'): boolean {
    this.#count += 1;
    this.#sinceNews += 1;
    const isBrisk = pace === 'brisk' || this.#sinceNews <= ATTENTIVE;
    return this.#count % (pace === 'seldom' ? SELDOM : isBrisk ? 1 : QUIET) === 0;
  }
}
