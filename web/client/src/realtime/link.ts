// One socket's state: its handshake, and each subscription on it.

import type { StatusbeamError } from '../errors.ts';
import type { AuthHeaders } from './protocol.ts';

export type LinkPhase = 'authorizing' | 'opening' | 'live';

/**
 *     wanted ─► starting ─► subscribed
 *       ▲          └────┬───────┘ error: the token (once) ─► wanted · for now ─► postponed · any other ─► refused
 *       └── retry ── postponed
 */
type SubscriptionState = 'wanted' | 'starting' | 'subscribed' | 'postponed' | 'refused';

interface Subscription {
  state: SubscriptionState;
  /** The id of its start on this link, until that fails. */
  id: string | null;
  /** The service refused the token of the newest start. A second refusal in a row is final. */
  isRenewed: boolean;
}

export class Link<Key extends string> {
  readonly id: number;
  phase: LinkPhase = 'authorizing';
  /** The pending request for headers. */
  ticket: number | null = null;
  headers: AuthHeaders = {};
  liveSince = 0;
  lastReceived: number;
  /** The silence after which the socket counts as dead. */
  silenceMs: number;
  #subscriptions = new Map<Key, Subscription>();
  #starts = 0;

  constructor(id: number, now: number, silenceMs: number) {
    this.id = id;
    this.lastReceived = now;
    this.silenceMs = silenceMs;
  }

  /** Whether the service owes an answer to the handshake or to a start. */
  get isAwaiting(): boolean {
    return this.phase !== 'live' || this.keys('starting').length > 0;
  }

  keys(state: SubscriptionState): Key[] {
    return [...this.#subscriptions].filter(([, each]) => each.state === state).map(([key]) => key);
  }

  isSubscribed(key: Key): boolean {
    return this.#subscriptions.get(key)?.state === 'subscribed';
  }

  /** Keys of `wanted` to be started now. */
  missing(wanted: Iterable<Key>): Key[] {
    return [...wanted].filter((key) => (this.#subscriptions.get(key)?.state ?? 'wanted') === 'wanted');
  }

  /** Whether each of `keys` is subscribed or was refused. */
  settles(keys: readonly Key[]): boolean {
    return keys.every((key) => this.isSubscribed(key) || this.keys('refused').includes(key));
  }

  /** The id of a new start of `key`, never used before on this link. */
  begin(key: Key): string {
    this.#starts += 1;
    const id = `${this.id}-${this.#starts}`;
    this.#subscriptions.set(key, { state: 'starting', id, isRenewed: this.#subscriptions.get(key)?.isRenewed ?? false });
    return id;
  }

  /** The subscription with this id, unless it failed or was stopped. */
  keyOf(id: string | null): Key | null {
    const found = id === null ? undefined : [...this.#subscriptions].find(([, each]) => each.id === id);
    return found?.[0] ?? null;
  }

  started(key: Key): void {
    (this.#subscriptions.get(key) as Subscription).state = 'subscribed';
  }

  /** Returns the next state. */
  failed(key: Key, { code }: StatusbeamError): SubscriptionState {
    const subscription = this.#subscriptions.get(key) as Subscription;
    const isFirst = code === 'unauthorized' && !subscription.isRenewed;
    subscription.id = null;
    // a start that fails for another reason had a valid token
    subscription.isRenewed = isFirst;
    subscription.state = isFirst ? 'wanted' : code === 'limited' || code === 'unavailable' ? 'postponed' : 'refused';
    return subscription.state;
  }

  /** Postponed subscriptions may be started again. */
  retry(): void {
    for (const key of this.keys('postponed')) {
      (this.#subscriptions.get(key) as Subscription).state = 'wanted';
    }
  }

  /** Returns the id to stop; null if the service does not know the subscription. */
  remove(key: Key): string | null {
    const id = this.#subscriptions.get(key)?.id ?? null;
    this.#subscriptions.delete(key);
    return id;
  }
}
