// One socket's side of the protocol: which subscriptions it was asked for and which of them stand.

import type { AuthHeaders } from './wire.ts';

export type LinkPhase = 'authorizing' | 'opening' | 'live';

export class Link {
  readonly id: number;
  phase: LinkPhase = 'authorizing';
  headers: AuthHeaders = {};
  liveSince = 0;
  lastHeard = 0;
  silenceMs: number;
  /** Wire id of each subscription that was started, by its key. */
  readonly ids = new Map<string, string>();
  /** Keys whose start_ack has come. */
  readonly standing = new Set<string>();
  /** Keys that were refused: not asked for again on this link. */
  readonly refused = new Set<string>();
  /** Keys that failed and are asked for again in a while. */
  readonly later = new Set<string>();
  /** Keys that have been tried with a renewed token. */
  readonly renewed = new Set<string>();
  #next = 1;

  constructor(id: number, silenceMs: number) {
    this.id = id;
    this.silenceMs = silenceMs;
  }

  /** A wire id for `key`, never used before on this link. */
  begin(key: string): string {
    const id = `${this.id}-${this.#next}`;
    this.#next += 1;
    this.ids.set(key, id);
    return id;
  }

  keyOf(id: string): string | null {
    for (const [key, each] of this.ids) {
      if (each === id) {
        return key;
      }
    }
    return null;
  }

  forget(key: string): void {
    this.ids.delete(key);
    this.standing.delete(key);
  }

  /** Keys of `wanted` to be started now. */
  missing(wanted: Iterable<string>): string[] {
    return [...wanted].filter((key) => !this.ids.has(key) && !this.refused.has(key) && !this.later.has(key));
  }

  /** Whether each of `keys` stands or was refused. */
  isComplete(keys: Iterable<string>): boolean {
    return [...keys].every((key) => this.standing.has(key) || this.refused.has(key));
  }
}
