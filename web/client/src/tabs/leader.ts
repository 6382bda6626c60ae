// The leader is the tab with the socket. It has the subscriptions of all tabs, and forwards each frame.

import type { SubscriptionKey } from '../client/keys.ts';
import type { OpenPushes, Pushes, PushListener, SocketPushesOptions } from '../client/pushes.ts';
import type { StatusbeamError } from '../errors.ts';
import type { Operation } from '../realtime/protocol.ts';
import { factsOf, type LeaderMessage, type StateFacts } from './messages.ts';

/** A tab that was silent for this long is gone. Browsers let hidden tabs run once a minute only. */
const SILENT_MS = 100_000;

type Wanted = ReadonlyMap<SubscriptionKey, Operation>;

export class TabLeader {
  #tab: string;
  #options: SocketPushesOptions;
  #post: (message: LeaderMessage) => void;
  #socket: Pushes;
  #tabs = new Map<string, { readonly wanted: Wanted; readonly receivedAt: number }>();
  /** The tab whose operation started each subscription, and whose session it uses. */
  #owners = new Map<SubscriptionKey, string>();
  /** The wanted subscriptions that the service refused. */
  #refused = new Map<SubscriptionKey, StatusbeamError>();
  #state: StateFacts = { state: 'connecting', error: null };
  #isClosed = false;

  constructor(tab: string, options: SocketPushesOptions, openSocket: OpenPushes, post: (message: LeaderMessage) => void) {
    this.#tab = tab;
    this.#options = options;
    this.#post = post;
    this.#socket = openSocket({ ...options, listener: this.#forwardTo(options.listener) });
  }

  isSubscribed(key: SubscriptionKey): boolean {
    return this.#socket.isSubscribed(key);
  }

  wake(isOtherNetwork: boolean): void {
    this.#socket.wake(isOtherNetwork);
  }

  /** All subscriptions that a tab wants now. */
  want(tab: string, wanted: Wanted): void {
    const before = this.#tabs.get(tab)?.wanted;
    this.#tabs.set(tab, { wanted: new Map(wanted), receivedAt: this.#options.environment.now() });
    for (const key of before?.keys() ?? []) {
      // A subscription ends with its owner. A refused one ends with any tab, so that this tab can try it again.
      if (!wanted.has(key) && (this.#owners.get(key) === tab || !this.isSubscribed(key))) {
        this.#owners.delete(key);
        this.#socket.unwant(key);
      }
    }
    for (const [each, { wanted: its }] of this.#tabs) {
      for (const [key, operation] of its) {
        if (!this.#owners.has(key)) {
          this.#owners.set(key, each);
          this.#refused.delete(key);
          this.#socket.want(key, operation);
        }
      }
    }
    for (const key of [...wanted.keys()].filter((each) => !before?.has(each))) {
      this.#reportRefused(tab, key);
    }
  }

  /** Report an earlier refusal to a tab that wants the subscription only now. */
  #reportRefused(tab: string, key: SubscriptionKey): void {
    const error = this.#refused.get(key);
    if (error === undefined) {
      return;
    }
    if (tab === this.#tab) {
      const { environment, listener } = this.#options;
      environment.defer(() => listener.refused(key, error));
    } else {
      this.#post({ type: 'refused', key, error: factsOf(error) });
    }
  }

  /** Like `want`, for another tab, with an answer. */
  asked(tab: string, wanted: Wanted): void {
    this.want(tab, wanted);
    const keys = [...wanted.keys()].filter((key) => this.isSubscribed(key));
    this.#post({ type: 'subscribed', to: tab, keys, state: this.#state });
  }

  /** Remove tabs that disappeared without closing. */
  forgetSilent(): void {
    const since = this.#options.environment.now() - SILENT_MS;
    for (const [tab, { receivedAt }] of [...this.#tabs]) {
      if (tab !== this.#tab && receivedAt < since) {
        this.want(tab, new Map());
        this.#tabs.delete(tab);
      }
    }
  }

  /** Stop without a message, because the next leader reports to all tabs. */
  close(): void {
    this.#isClosed = true;
    this.#socket.close();
  }

  #forwardTo(own: PushListener): PushListener {
    const forward = (key: SubscriptionKey, message: LeaderMessage, report: () => void) => {
      if (!this.#isClosed) {
        this.#post(message);
        if (this.#tabs.get(this.#tab)?.wanted.has(key)) {
          report();
        }
      }
    };
    return {
      started: (key) => {
        this.#refused.delete(key);
        forward(key, { type: 'started', key }, () => own.started(key));
      },
      interrupted: (key) => forward(key, { type: 'interrupted', key }, () => own.interrupted(key)),
      refused: (key, error) => {
        this.#refused.set(key, error);
        forward(key, { type: 'refused', key, error: factsOf(error) }, () => own.refused(key, error));
      },
      data: (key, data) => forward(key, { type: 'data', key, data }, () => own.data(key, data)),
      state: (state, error) => {
        if (!this.#isClosed) {
          this.#state = { state, error: error === null ? null : factsOf(error) };
          this.#post({ type: 'state', state: this.#state });
          own.state(state, error);
        }
      },
    };
  }
}
