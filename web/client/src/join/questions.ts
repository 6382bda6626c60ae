// What a join has asked and not been told yet: one position and one read at a time. An answer to anything else is too late.

export interface Position {
  readonly ticket: number;
  /** The era of the subscription when it was asked for; -1: there was none. */
  readonly era: number;
  readonly last: number;
}

export interface Read {
  readonly ticket: number;
  readonly kind: 'page' | 'snapshot' | 'tail';
  readonly last: number;
  readonly head: number;
}

export class Questions {
  #tickets = 0;
  #position: Position | null = null;
  #read: Read | null = null;

  get isPositionAsked(): boolean {
    return this.#position !== null;
  }

  get isReading(): boolean {
    return this.#read !== null;
  }

  /** Each gives the new question's ticket. */
  askPosition(facts: Omit<Position, 'ticket'>): number {
    this.#tickets += 1;
    this.#position = { ticket: this.#tickets, ...facts };
    return this.#tickets;
  }

  askRead(facts: Omit<Read, 'ticket'>): number {
    this.#tickets += 1;
    this.#read = { ticket: this.#tickets, ...facts };
    return this.#tickets;
  }

  /** The question that is answered with this; null: nobody waits for it any more. */
  positionAnswered(ticket: number): Position | null {
    const asked = this.#position?.ticket === ticket ? this.#position : null;
    this.#position = asked === null ? this.#position : null;
    return asked;
  }

  readAnswered(ticket: number): Read | null {
    const asked = this.#read?.ticket === ticket ? this.#read : null;
    this.#read = asked === null ? this.#read : null;
    return asked;
  }

  forget(): void {
    this.#position = null;
    this.#read = null;
  }
}
