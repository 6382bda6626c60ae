// One socket for all tabs of a browser: the tab that holds a lock has it and forwards each frame.
//
//     import { sharedTabs } from '@statusbeam/client/tabs';
//     connect({ url, auth, tabs: sharedTabs() })
//
// If the holder closes or crashes, the next tab gets the lock. A holder that does not answer, such as a frozen tab, loses it.
// The leader may be slow or gone at any time. Each tab still checks its own positions, so a forwarded push can be late, but
// no status is lost.

import { newId } from '../client/environment.ts';
import type { SubscriptionKey } from '../client/keys.ts';
import type { OpenPushes, Pushes, PushListener, SharePushes, SocketPushesOptions } from '../client/pushes.ts';
import type { Operation } from '../realtime/protocol.ts';
import { TabLeader } from './leader.ts';
import { errorFrom, type LeaderMessage, type StateFacts, type TabMessage } from './messages.ts';

/** The parts of a browser that its tabs share. Tests pass their own. */
export interface Browser {
  channel(name: string, receive: (message: unknown) => void): { post(message: unknown): void; close(): void };
  /** Wait for the lock. Returns a function that stops waiting. */
  lead(name: string, leadership: Leadership): () => void;
}

export interface Leadership {
  /** Take the lock from its holder. */
  readonly steals: boolean;
  /** Called when this tab gets the lock. The tab keeps it until the promise is fulfilled. */
  lead(): Promise<void>;
  /** Another tab took the lock, or the browser refuses locks. */
  lost(): unknown;
}

/** The version of messages.ts. A page from before the last deployment may have another. */
const PROTOCOL_VERSION = 1;
/** The interval in which each tab checks that the leader answers, and the leader checks which tabs are open. */
const CHECK_MS = 20_000;
const ANSWER_MS = 5_000;

/** For `connect`: share one socket with the other tabs of this login. In browsers without locks, each tab has its own. */
export function sharedTabs(browser: Browser | null = ownBrowser()): SharePushes {
  return (options, openSocket) => (browser === null ? openSocket(options) : new SharedPushes(options, openSocket, browser));
}

function ownBrowser(): Browser | null {
  const locks = globalThis.navigator?.locks;
  if (locks === undefined || globalThis.BroadcastChannel === undefined) {
    return null;
  }
  return {
    channel: (name, receive) => {
      const channel = new BroadcastChannel(name);
      channel.onmessage = ({ data }) => receive(data);
      return { post: (message) => channel.postMessage(message), close: () => channel.close() };
    },
    lead: (name, { steals, lead, lost }) => {
      const waiting = new AbortController();
      const how = steals ? { steal: true } : { signal: waiting.signal };
      locks.request(name, how, lead).catch(() => waiting.signal.aborted || lost());
      return () => waiting.abort();
    },
  };
}

class SharedPushes implements Pushes {
  #options: SocketPushesOptions;
  #openSocket: OpenPushes;
  #listener: PushListener;
  #browser: Browser;
  #tab: string;
  #wanted = new Map<SubscriptionKey, Operation>();
  /** The live subscriptions that the leader reported. */
  #subscribed = new Set<SubscriptionKey>();
  #name = '';
  #channel: { post(message: unknown): void; close(): void } | null = null;
  #stopWaiting: () => void = () => undefined;
  /** How often this tab began to wait for the lock. */
  #turns = 0;
  /** This tab's leader, while it holds the lock. */
  #leader: TabLeader | null = null;
  #resign: () => void = () => undefined;
  #checkTimer: unknown = null;
  #answerTimer: unknown = null;
  #isClosed = false;

  constructor(options: SocketPushesOptions, openSocket: OpenPushes, browser: Browser) {
    this.#options = options;
    this.#openSocket = openSocket;
    this.#listener = options.listener;
    this.#browser = browser;
    this.#tab = newId(options.environment.random);
  }

  want(key: SubscriptionKey, operation: Operation): void {
    const isSubscribed = this.#leader?.isSubscribed(key);
    this.#wanted.set(key, operation);
    if (this.#checkTimer === null) {
      this.#checkLater();
      void this.#begin();
    }
    this.#sendWanted();
    if (isSubscribed) {
      this.#listener.started(key);
    }
  }

  unwant(key: SubscriptionKey): void {
    this.#wanted.delete(key);
    this.#subscribed.delete(key);
    this.#sendWanted();
  }

  isSubscribed(key: SubscriptionKey): boolean {
    return this.#leader?.isSubscribed(key) ?? this.#subscribed.has(key);
  }

  wake(isOtherNetwork: boolean): void {
    this.#leader?.wake(isOtherNetwork);
    if (this.#checkTimer !== null) {
      this.#check();
    }
  }

  close(): void {
    const { environment } = this.#options;
    this.#wanted.clear();
    if (this.#leader === null) {
      this.#sendWanted();
    }
    this.#isClosed = true;
    environment.clearTimeout(this.#checkTimer);
    environment.clearTimeout(this.#answerTimer);
    this.#leader?.close();
    this.#resign();
    this.#stopWaiting();
    this.#channel?.close();
    this.#listener.state('closed', null);
  }

  async #begin(): Promise<void> {
    const { credentials, graphqlUrl } = this.#options;
    const scope = await credentials.scope().catch(() => null);
    if (scope === null || this.#channel !== null || this.#isClosed) {
      return; // the next check tries again
    }
    this.#name = `statusbeam ${PROTOCOL_VERSION} ${graphqlUrl} ${scope}`;
    this.#channel = this.#browser.channel(this.#name, (message) => this.#receive(message as TabMessage));
    this.#waitToLead(false);
    this.#sendWanted();
  }

  #checkLater(): void {
    const { environment } = this.#options;
    this.#checkTimer = environment.setTimeout(
      () => {
        this.#check();
        this.#checkLater();
      },
      CHECK_MS * (0.8 + 0.4 * environment.random())
    );
  }

  #check(): void {
    if (this.#channel === null) {
      void this.#begin();
    } else if (this.#leader !== null) {
      this.#leader.forgetSilent();
    } else {
      this.#ask();
    }
  }

  /** Ask the leader; if it does not answer, take the lock. */
  #ask(): void {
    const { environment } = this.#options;
    this.#sendWanted();
    environment.clearTimeout(this.#answerTimer);
    this.#answerTimer = environment.setTimeout(() => {
      if (this.#leader === null) {
        this.#waitToLead(true);
      }
    }, ANSWER_MS);
  }

  #sendWanted(): void {
    if (this.#leader !== null) {
      this.#leader.want(this.#tab, this.#wanted);
    } else {
      this.#post({ type: 'want', tab: this.#tab, wanted: [...this.#wanted] });
    }
  }

  #post(message: TabMessage): void {
    if (!this.#isClosed) {
      this.#channel?.post(message);
    }
  }

  #receive(message: TabMessage): void {
    if (this.#isClosed) {
      return;
    }
    if (message.type === 'want') {
      this.#leader?.asked(message.tab, new Map(message.wanted));
    } else if (this.#leader === null) {
      this.#options.environment.clearTimeout(this.#answerTimer);
      this.#receiveFromLeader(message);
    }
  }

  #receiveFromLeader(message: LeaderMessage): void {
    if (message.type === 'elected') {
      this.#interrupt(this.#subscribed);
      this.#sendWanted();
    } else if (message.type === 'state') {
      this.#listener.state(message.state.state, errorFrom(message.state.error));
    } else if (message.type === 'subscribed') {
      if (message.to === this.#tab) {
        this.#reconcile(message.keys, message.state);
      }
    } else if (this.#wanted.has(message.key)) {
      this.#receiveOf(message);
    }
  }

  #receiveOf(message: Extract<LeaderMessage, { key: string }>): void {
    const { key } = message;
    if (message.type === 'data') {
      this.#listener.data(key, message.data);
    } else if (message.type === 'refused') {
      this.#subscribed.delete(key); // a former leader may report late; the next answer corrects it
      this.#listener.refused(key, errorFrom(message.error));
    } else {
      this.#subscribed[message.type === 'started' ? 'add' : 'delete'](key);
      this.#listener[message.type](key);
    }
  }

  /** Apply the leader's report, because this tab may have missed earlier messages. */
  #reconcile(keys: readonly SubscriptionKey[], { state, error }: StateFacts): void {
    this.#listener.state(state, errorFrom(error));
    this.#interrupt([...this.#subscribed].filter((key) => !keys.includes(key)));
    for (const key of keys.filter((each) => this.#wanted.has(each) && !this.#subscribed.has(each))) {
      this.#subscribed.add(key);
      this.#listener.started(key);
    }
  }

  #interrupt(keys: Iterable<SubscriptionKey>): void {
    for (const key of [...keys]) {
      this.#subscribed.delete(key);
      this.#listener.interrupted(key);
    }
  }

  #waitToLead(steals: boolean): void {
    this.#stopWaiting();
    // A tab that thaws may receive a lock that it no longer waits for: only the last request counts.
    this.#turns += 1;
    const turn = this.#turns;
    this.#stopWaiting = this.#browser.lead(this.#name, {
      steals,
      lead: () => (turn === this.#turns ? this.#lead() : Promise.resolve()),
      lost: () => turn === this.#turns && this.#lost(),
    });
  }

  #lead(): Promise<void> {
    if (this.#isClosed) {
      return Promise.resolve();
    }
    this.#interrupt(this.#subscribed);
    this.#leader = new TabLeader(this.#tab, this.#options, this.#openSocket, (message) => this.#post(message));
    this.#post({ type: 'elected' });
    this.#sendWanted();
    return new Promise((resolve) => {
      this.#resign = resolve;
    });
  }

  #lost(): void {
    if (this.#isClosed) {
      return;
    }
    const former = this.#leader;
    if (former === null) {
      void this.#lead(); // without locks there is no sharing: this tab has a socket of its own
      return;
    }
    this.#leader = null;
    this.#resign();
    const subscribed = [...this.#wanted.keys()].filter((key) => former.isSubscribed(key));
    former.close();
    this.#interrupt(subscribed);
    this.#listener.state('reconnecting', null);
    this.#waitToLead(false);
    this.#ask();
  }
}
