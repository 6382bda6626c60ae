// Where the login is kept: one for all tabs of this browser, in IndexedDB. docs/how-to/dashboard.md,
// "Where the login is kept", has the reasons.

import { createStore, get, type UseStore, update } from 'idb-keyval';
import type { Tokens } from './tokens.ts';

export interface StoredLogin {
  /** The id of this sign-in. The next sign-in has another. */
  readonly id: string;
  /** The issuer of the tokens: `Provider.id`. */
  readonly provider: string;
  readonly name: string;
  /** Null: the login is over. */
  readonly tokens: Tokens | null;
  /** The expiry of the ID token, in epoch milliseconds by this device's clock. */
  readonly goodUntil: number;
  /** The API refuses this login for good: the provider must ask the user again, also within its own session. */
  readonly isRefused?: boolean;
}

export interface LoginStore {
  read(): Promise<StoredLogin | null>;
  /** Change the stored login, in one step for all tabs; returns the result of `change`. */
  update(change: (stored: StoredLogin | null) => StoredLogin | null): Promise<StoredLogin | null>;
  /** Run a function in one tab at a time. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** `changed` is called when another tab may have changed the login. Returns a function that stops it. */
  watch(changed: () => void): () => void;
}

const KEY = 'login';

/**
 * The browser's store for the page in this folder. If the browser stores no data for pages, a store in memory.
 */
export async function openLoginStore(folder: string): Promise<LoginStore> {
  const name = `statusbeam ${folder}`;
  try {
    const database = createStore(name, KEY);
    await get(KEY, database);
    return new BrowserStore(name, database);
  } catch {
    return new MemoryStore();
  }
}

class BrowserStore implements LoginStore {
  #name: string;
  #database: UseStore;
  #channel: BroadcastChannel;

  constructor(name: string, database: UseStore) {
    this.#name = name;
    this.#database = database;
    this.#channel = new BroadcastChannel(name);
  }

  async read(): Promise<StoredLogin | null> {
    return (await get<StoredLogin | null>(KEY, this.#database)) ?? null;
  }

  async update(change: (stored: StoredLogin | null) => StoredLogin | null): Promise<StoredLogin | null> {
    let next: StoredLogin | null = null;
    const note = (stored: StoredLogin | null | undefined) => {
      next = change(stored ?? null);
      return next;
    };
    await update(KEY, note, this.#database);
    this.#channel.postMessage(null);
    return next;
  }

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return navigator.locks.request(this.#name, work) as Promise<T>;
  }

  watch(changed: () => void): () => void {
    // Messages are only hints. A tab that wakes up, or returns from the history, reads the store.
    const shown = () => document.visibilityState === 'visible' && changed();
    this.#channel.onmessage = changed;
    addEventListener('pageshow', changed);
    document.addEventListener('visibilitychange', shown);
    return () => {
      this.#channel.onmessage = null;
      removeEventListener('pageshow', changed);
      document.removeEventListener('visibilitychange', shown);
    };
  }
}

/** The state that the tabs of a MemoryStore share. */
export class SharedMemory {
  stored: StoredLogin | null = null;
  last: Promise<unknown> = Promise.resolve();
  readonly tabs = new Set<MemoryStore>();
}

/** In memory only, as one tab sees it. */
export class MemoryStore implements LoginStore {
  #memory: SharedMemory;
  #changed = () => {};

  constructor(memory = new SharedMemory()) {
    this.#memory = memory;
    memory.tabs.add(this);
  }

  read(): Promise<StoredLogin | null> {
    return Promise.resolve(this.#memory.stored);
  }

  update(change: (stored: StoredLogin | null) => StoredLogin | null): Promise<StoredLogin | null> {
    const next = change(this.#memory.stored);
    this.#memory.stored = next;
    for (const tab of this.#memory.tabs) {
      if (tab !== this) {
        tab.#changed();
      }
    }
    return Promise.resolve(next);
  }

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#memory.last.then(work, work);
    this.#memory.last = mine.catch(() => {});
    return mine;
  }

  watch(changed: () => void): () => void {
    this.#changed = changed;
    return () => {
      this.#changed = () => {};
    };
  }
}
