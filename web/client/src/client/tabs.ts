// One socket for all tabs of a browser: the tab that holds a lock has it and passes on what it hears.
//
//     connect({ url, auth, tabs: sharedTabs() })
//
// The lock goes to the next tab when its holder closes or crashes. One that no longer answers, as frozen tabs do, loses it.
// Whoever passes on may be slow or gone at any moment: each tab still checks its own positions, so nothing can be lost by
// this, only late.

import type { Operation } from '../realtime/wire.ts';
import { newId } from './environment.ts';
import { LeadingTab } from './leading.ts';
import { errorFrom, type Message, type Said, type StateFacts } from './messages.ts';
import { type Pushes, type PushListener, SocketPushes, type SocketPushesOptions } from './pushes.ts';

/** What tabs of one browser share, to be replaced in tests. */
export interface Browser {
  channel(name: string, receive: (message: unknown) => void): { post(message: unknown): void; close(): void };
  /** Gives a function that stops waiting. */
  lead(name: string, leadership: Leadership): () => void;
}

export interface Leadership {
  /** Take it from whoever has it. */
  readonly steals: boolean;
  /** Called once nobody else leads; this tab does until what it gives is fulfilled. */
  lead(): Promise<void>;
  /** Another tab took it; or there is no lock to be had here. */
  lost(): void;
}

/** How often each tab looks whether the leading one still answers, and that one, who is still there. */
const LOOK_MS = 20_000;
const ANSWER_MS = 5_000;

/** For `connect`: share one socket with the other tabs of this login. Where a browser can't, each tab has its own. */
export function sharedTabs(browser: Browser | null = ownBrowser()): (options: SocketPushesOptions) => Pushes {
  return (options) => (browser === null ? new SocketPushes(options) : new SharedPushes(options, browser));
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
  #listener: PushListener;
  #browser: Browser;
  #tab: string;
  #wishes = new Map<string, Operation>();
  /** What stands, by the leading tab's word. */
  #standing = new Set<string>();
  #name = '';
  #channel: { post(message: unknown): void; close(): void } | null = null;
  #stopWaiting: () => void = () => undefined;
  /** This tab, while it leads. */
  #leading: LeadingTab | null = null;
  #resign: () => void = () => undefined;
  #isAnswered = true;
  #looking: unknown = null;
  #answering: unknown = null;
  #isClosed = false;

  constructor(options: SocketPushesOptions, browser: Browser) {
    this.#options = options;
    this.#listener = options.listener;
    this.#browser = browser;
    this.#tab = newId(options.environment.random);
  }

  want(key: string, operation: Operation): void {
    const isThere = this.#leading?.isStanding(key);
    this.#wishes.set(key, operation);
    if (this.#looking === null) {
      this.#lookLater();
      void this.#begin();
    }
    this.#tellWishes();
    if (isThere) {
      this.#listener.started(key);
    }
  }

  unwant(key: string): void {
    this.#wishes.delete(key);
    this.#standing.delete(key);
    this.#tellWishes();
  }

  isStanding(key: string): boolean {
    return this.#leading?.isStanding(key) ?? this.#standing.has(key);
  }

  wake(): void {
    this.#leading?.wake();
    this.#look();
  }

  close(): void {
    const { environment } = this.#options;
    this.#wishes.clear();
    if (this.#leading === null) {
      this.#tellWishes();
    }
    this.#isClosed = true;
    environment.clearTimeout(this.#looking);
    environment.clearTimeout(this.#answering);
    this.#leading?.close();
    this.#resign();
    this.#stopWaiting();
    this.#channel?.close();
    this.#listener.state('closed', null);
  }

  async #begin(): Promise<void> {
    const { credentials, graphqlUrl } = this.#options;
    const scope = await credentials.scope().catch(() => null);
    if (scope === null || this.#channel !== null || this.#isClosed) {
      return; // the next look tries again
    }
    this.#name = `statusbeam ${graphqlUrl} ${scope}`;
    this.#channel = this.#browser.channel(this.#name, (message) => this.#receive(message as Message));
    this.#waitToLead(false);
    this.#tellWishes();
  }

  #lookLater(): void {
    const { environment } = this.#options;
    this.#looking = environment.setTimeout(
      () => {
        this.#look();
        this.#lookLater();
      },
      LOOK_MS * (0.8 + 0.4 * environment.random())
    );
  }

  #look(): void {
    if (this.#channel === null) {
      void this.#begin();
    } else if (this.#leading !== null) {
      this.#leading.forgetSilent();
    } else {
      this.#ask();
    }
  }

  /** Ask the tab that leads; when it doesn't answer, lead. */
  #ask(): void {
    const { environment } = this.#options;
    this.#isAnswered = false;
    this.#tellWishes();
    environment.clearTimeout(this.#answering);
    this.#answering = environment.setTimeout(() => {
      if (!this.#isAnswered && this.#leading === null) {
        this.#stopWaiting();
        this.#waitToLead(true);
      }
    }, ANSWER_MS);
  }

  #tellWishes(): void {
    if (this.#leading !== null) {
      this.#leading.wants(this.#tab, this.#wishes);
    } else {
      this.#post({ type: 'want', tab: this.#tab, wishes: [...this.#wishes] });
    }
  }

  #post(message: Message): void {
    this.#channel?.post(message);
  }

  #receive(message: Message): void {
    if (this.#isClosed) {
      return;
    }
    if (message.type === 'want') {
      this.#leading?.asked(message.tab, new Map(message.wishes));
    } else if (this.#leading === null) {
      this.#isAnswered = true;
      this.#hear(message);
    }
  }

  #hear(message: Said): void {
    if (message.type === 'lead') {
      this.#forget(this.#standing);
      this.#tellWishes();
    } else if (message.type === 'state') {
      this.#listener.state(message.state.state, errorFrom(message.state.error));
    } else if (message.type === 'here') {
      if (message.to === this.#tab) {
        this.#reconcile(message.standing, message.state);
      }
    } else if (this.#wishes.has(message.key)) {
      this.#hearOf(message);
    }
  }

  #hearOf(message: Extract<Said, { key: string }>): void {
    const { key } = message;
    if (message.type === 'data') {
      this.#listener.data(key, message.data);
    } else if (message.type === 'refused') {
      this.#listener.refused(key, errorFrom(message.error));
    } else {
      this.#standing[message.type === 'started' ? 'add' : 'delete'](key);
      this.#listener[message.type](key);
    }
  }

  /** Take over what the leading tab says of all, whatever was missed of it. */
  #reconcile(standing: readonly string[], { state, error }: StateFacts): void {
    this.#listener.state(state, errorFrom(error));
    this.#forget([...this.#standing].filter((key) => !standing.includes(key)));
    for (const key of standing.filter((each) => this.#wishes.has(each) && !this.#standing.has(each))) {
      this.#standing.add(key);
      this.#listener.started(key);
    }
  }

  #forget(keys: Iterable<string>): void {
    for (const key of [...keys]) {
      this.#standing.delete(key);
      this.#listener.interrupted(key);
    }
  }

  #waitToLead(steals: boolean): void {
    this.#stopWaiting = this.#browser.lead(this.#name, {
      steals,
      lead: () => this.#lead(),
      lost: () => this.#lost(),
    });
  }

  #lead(): Promise<void> {
    if (this.#isClosed) {
      return Promise.resolve();
    }
    this.#forget(this.#standing);
    this.#leading = new LeadingTab(this.#tab, this.#options, (message) => this.#post(message));
    this.#post({ type: 'lead' });
    this.#tellWishes();
    return new Promise((resolve) => {
      this.#resign = resolve;
    });
  }

  #lost(): void {
    if (this.#isClosed) {
      return;
    }
    const leading = this.#leading;
    if (leading === null) {
      void this.#lead(); // a place without locks: nobody to share with either
      return;
    }
    this.#leading = null;
    this.#resign();
    const stood = [...this.#wishes.keys()].filter((key) => leading.isStanding(key));
    leading.close();
    this.#forget(stood);
    this.#listener.state('reconnecting', null);
    this.#waitToLead(false);
    this.#ask();
  }
}
