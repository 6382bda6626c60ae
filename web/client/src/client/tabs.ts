// One socket for all tabs of a browser: the tab that holds a lock has it and passes on what it hears.
//
//     connect({ url, auth, tabs: sharedTabs() })
//
// Who passes on may be slow or gone at any moment: each tab still checks its own positions, so nothing can be lost by
// this, only late. The lock goes to the next tab when its holder closes.

import { type ErrorCode, StatusbeamError } from '../errors.ts';
import type { RealtimeState } from '../realtime/commands.ts';
import type { Operation } from '../realtime/wire.ts';
import { newId } from './environment.ts';
import { type Pushes, type PushListener, SocketPushes, type SocketPushesOptions } from './pushes.ts';

/** What tabs of one browser share, to be replaced in tests. */
export interface Browser {
  channel(name: string, receive: (message: unknown) => void): { post(message: unknown): void; close(): void };
  /** Calls `lead` once nobody else holds `name`, until what it gives is fulfilled. Gives a function that stops waiting. */
  lead(name: string, lead: () => Promise<void>): () => void;
}

/** How often the leading tab asks who is still there. */
const ROLL_CALL_MS = 120_000;
const ANSWER_MS = 2_000;

type Wishes = readonly (readonly [key: string, operation: Operation])[];
type ErrorFacts = { readonly code: ErrorCode; readonly message: string; readonly errorType: string | null };

type Message =
  /** From any tab: all it wants. */
  | { readonly type: 'want'; readonly tab: string; readonly wishes: Wishes }
  /** From the leading tab: who is there? `isNew`: and forget what stood. */
  | { readonly type: 'roll'; readonly isNew: boolean }
  | { readonly type: 'started' | 'interrupted'; readonly key: string; readonly to: string | null }
  | { readonly type: 'refused'; readonly key: string; readonly error: ErrorFacts }
  | { readonly type: 'data'; readonly key: string; readonly data: Readonly<Record<string, unknown>> }
  | { readonly type: 'state'; readonly state: RealtimeState; readonly error: ErrorFacts | null };

/** For `connect`: share one socket with the other tabs of this user. Where a browser can't, each tab has its own. */
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
    lead: (name, lead) => {
      const waiting = new AbortController();
      locks.request(name, { signal: waiting.signal }, lead).catch(() => undefined); // aborted: nobody waits any more
      return () => waiting.abort();
    },
  };
}

class SharedPushes implements Pushes {
  #options: SocketPushesOptions;
  #browser: Browser;
  #tab: string;
  #wishes = new Map<string, Operation>();
  /** What stands, by the leading tab's word. */
  #standing = new Set<string>();
  #channel: { post(message: unknown): void; close(): void } | null = null;
  #stopWaiting: () => void = () => undefined;
  /** Only the leading tab has it. */
  #socket: SocketPushes | null = null;
  #resign: () => void = () => undefined;
  #others = new Map<string, Map<string, Operation>>();
  #wanted = new Set<string>();
  #timer: unknown = null;
  #isClosed = false;

  constructor(options: SocketPushesOptions, browser: Browser) {
    this.#options = options;
    this.#browser = browser;
    this.#tab = newId(options.environment.random);
  }

  want(key: string, operation: Operation): void {
    this.#wishes.set(key, operation);
    void this.#begin();
    this.#tellWishes();
  }

  unwant(key: string): void {
    this.#wishes.delete(key);
    this.#standing.delete(key);
    this.#tellWishes();
  }

  isStanding(key: string): boolean {
    return this.#socket?.isStanding(key) ?? this.#standing.has(key);
  }

  wake(): void {
    this.#socket?.wake();
    this.#tellWishes();
  }

  close(): void {
    this.#wishes.clear();
    this.#tellWishes();
    this.#isClosed = true;
    this.#options.environment.clearTimeout(this.#timer);
    this.#socket?.close();
    this.#resign();
    this.#stopWaiting();
    this.#channel?.close();
    if (this.#socket === null) {
      this.#options.listener.state('closed', null);
    }
  }

  async #begin(): Promise<void> {
    if (this.#channel !== null || this.#isClosed) {
      return;
    }
    const user = await this.#options.credentials.userId().catch(() => null);
    if (user === null || this.#channel !== null || this.#isClosed) {
      return; // the next wish tries again
    }
    const name = `statusbeam ${this.#options.graphqlUrl} ${user}`;
    this.#channel = this.#browser.channel(name, (message) => this.#receive(message as Message));
    this.#stopWaiting = this.#browser.lead(name, () => this.#lead());
    this.#tellWishes();
  }

  #tellWishes(): void {
    if (this.#socket !== null) {
      this.#settle();
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
    if (this.#socket !== null) {
      if (message.type === 'want') {
        this.#others.set(message.tab, new Map(message.wishes));
        this.#settle();
        this.#welcome(message.tab, message.wishes);
      }
      return;
    }
    const { listener } = this.#options;
    if (message.type === 'roll') {
      if (message.isNew) {
        this.#forget();
      }
      this.#tellWishes();
    } else if (message.type === 'state') {
      listener.state(message.state, errorFrom(message.error));
    } else if (message.type !== 'want' && this.#wishes.has(message.key)) {
      this.#hear(message, listener);
    }
  }

  #hear(message: Extract<Message, { key: string }>, listener: PushListener): void {
    const { key } = message;
    if (message.type === 'data') {
      listener.data(key, message.data);
    } else if (message.type === 'refused') {
      listener.refused(key, errorFrom(message.error) as StatusbeamError);
    } else if (message.to === null || message.to === this.#tab) {
      this.#standing[message.type === 'started' ? 'add' : 'delete'](key);
      listener[message.type](key);
    }
  }

  /** The tab that passed everything on is gone: nothing stands until the next one says so. */
  #forget(): void {
    const stood = [...this.#standing];
    this.#standing.clear();
    for (const key of stood) {
      this.#options.listener.interrupted(key);
    }
  }

  // --- the leading tab ---

  #lead(): Promise<void> {
    if (this.#isClosed) {
      return Promise.resolve();
    }
    this.#forget();
    this.#socket = new SocketPushes({ ...this.#options, listener: this.#relay() });
    this.#post({ type: 'roll', isNew: true });
    this.#settle();
    this.#rollCallLater();
    return new Promise((resolve) => {
      this.#resign = resolve;
    });
  }

  /** Listens to the socket for this tab and for all others. */
  #relay(): PushListener {
    const { listener } = this.#options;
    const key = (type: 'started' | 'interrupted') => (each: string) => {
      this.#post({ type, key: each, to: null });
      if (this.#wishes.has(each)) {
        listener[type](each);
      }
    };
    return {
      started: key('started'),
      interrupted: key('interrupted'),
      refused: (each, error) => {
        this.#post({ type: 'refused', key: each, error: factsOf(error) as ErrorFacts });
        if (this.#wishes.has(each)) {
          listener.refused(each, error);
        }
      },
      data: (each, data) => {
        this.#post({ type: 'data', key: each, data });
        if (this.#wishes.has(each)) {
          listener.data(each, data);
        }
      },
      state: (state, error) => {
        if (state !== 'closed') {
          this.#post({ type: 'state', state, error: factsOf(error) });
        }
        listener.state(state, error);
      },
    };
  }

  #settle(): void {
    const wanted = new Map([...this.#others.values(), this.#wishes].flatMap((wishes) => [...wishes]));
    for (const key of [...this.#wanted].filter((each) => !wanted.has(each))) {
      this.#wanted.delete(key);
      this.#socket?.unwant(key);
    }
    for (const [key, operation] of wanted) {
      if (!this.#wanted.has(key)) {
        this.#wanted.add(key);
        this.#socket?.want(key, operation);
      } else if (this.#wishes.has(key) && !this.#standing.has(key) && this.#socket?.isStanding(key)) {
        this.#options.listener.started(key); // wanted by this tab only now, and there already
      }
    }
    this.#standing = new Set([...this.#wishes.keys()].filter((key) => this.#socket?.isStanding(key)));
  }

  /** Tell a tab what stands already. */
  #welcome(tab: string, wishes: Wishes): void {
    const standing = wishes.filter(([key]) => this.#socket?.isStanding(key));
    if (standing.length > 0) {
      this.#post({ type: 'state', state: 'live', error: null });
    }
    for (const [key] of standing) {
      this.#post({ type: 'started', key, to: tab });
    }
  }

  #rollCallLater(): void {
    const { environment } = this.#options;
    this.#timer = environment.setTimeout(() => {
      this.#others.clear();
      this.#post({ type: 'roll', isNew: false });
      this.#timer = environment.setTimeout(() => {
        this.#settle();
        this.#rollCallLater();
      }, ANSWER_MS);
    }, ROLL_CALL_MS);
  }
}

function factsOf(error: StatusbeamError | null): ErrorFacts | null {
  return error === null ? null : { code: error.code, message: error.message, errorType: error.errorType };
}

function errorFrom(facts: ErrorFacts | null): StatusbeamError | null {
  return facts === null ? null : new StatusbeamError(facts.code, facts.message, facts.errorType);
}
