// Tabs of one browser: what they share, and what may happen to each.

import type { Auth } from '../../src/client/credentials.ts';
import type { Environment, Socket } from '../../src/client/environment.ts';
import type { Client } from '../../src/index.ts';
import { type Browser, type Leadership, sharedTabs } from '../../src/tabs/index.ts';
import type { World } from './world.ts';

/** One tab: what reaches it while it is frozen waits, what reaches it after a crash is lost. */
export class Tab {
  isFrozen = false;
  #isGone = false;
  #waiting: (() => void)[] = [];
  #sockets: Socket[] = [];

  do(action: () => void): void {
    if (this.#isGone) {
      return;
    }
    if (this.isFrozen) {
      this.#waiting.push(action);
    } else {
      action();
    }
  }

  crash(): void {
    this.#isGone = true;
    for (const socket of this.#sockets) {
      socket.close();
    }
  }

  thaw(): void {
    this.isFrozen = false;
    for (const action of this.#waiting.splice(0)) {
      action();
    }
  }

  environment({ setTimeout, fetch, openSocket, ...more }: Environment): Environment {
    return {
      ...more,
      setTimeout: (action, milliseconds) => setTimeout(() => this.do(action), milliseconds),
      fetch: (url, init) =>
        new Promise((resolve, reject) => {
          fetch(url, init).then(
            (response) => this.do(() => resolve(response)),
            (error) => this.do(() => reject(error))
          );
        }),
      openSocket: (url, protocols, handlers) => {
        const socket = openSocket(url, protocols, {
          opened: () => this.do(handlers.opened),
          text: (text) => this.do(() => handlers.text(text)),
          closed: () => this.do(handlers.closed),
        });
        this.#sockets.push(socket);
        return socket;
      },
    };
  }
}

/** The channels and the locks that tabs of one browser share. A tab that crashes says nothing more, its lock goes on. */
export class Tabs {
  #receivers = new Map<Tab, { name: string; receive: (message: unknown) => void }>();
  #queue: { tab: Tab; name: string; leadership: Leadership }[] = [];
  #holders = new Map<string, { tab: Tab; leadership: Leadership }>();
  #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** A client in a new tab, and what may happen to that. */
  open(auth?: Auth): { client: Client; tab: Tab; crash(): void } {
    const tab = new Tab();
    const browser: Browser = {
      channel: (name, receive) => {
        this.#receivers.set(tab, { name, receive });
        return { post: (message) => this.#post(tab, name, message), close: () => void this.#receivers.delete(tab) };
      },
      lead: (name, leadership) => {
        const waiting = { tab, name, leadership };
        if (leadership.steals) {
          const holder = this.#holders.get(name);
          this.#holders.delete(name);
          this.#queue.unshift(waiting);
          holder?.tab.do(() => holder.leadership.lost());
        } else {
          this.#queue.push(waiting);
        }
        queueMicrotask(() => this.#next(name));
        return () => {
          this.#queue = this.#queue.filter((each) => each !== waiting);
        };
      },
    };
    const environment = tab.environment(this.#world.environment);
    const client = this.#world.connect({ tabs: sharedTabs(browser), environment, ...(auth ? { auth } : {}) });
    const crash = () => {
      tab.crash();
      this.#receivers.delete(tab);
      this.#queue = this.#queue.filter((each) => each.tab !== tab);
      for (const [name, holder] of [...this.#holders]) {
        if (holder.tab === tab) {
          this.#holders.delete(name);
          this.#next(name);
        }
      }
    };
    return { client, tab, crash };
  }

  #post(from: Tab, name: string, message: unknown): void {
    for (const [tab, other] of [...this.#receivers]) {
      if (tab !== from && other.name === name && this.#receivers.has(from)) {
        queueMicrotask(() => tab.do(() => other.receive(structuredClone(message))));
      }
    }
  }

  #next(name: string): void {
    const next = this.#holders.has(name) ? undefined : this.#queue.find((each) => each.name === name);
    if (next !== undefined) {
      const holder = { tab: next.tab, leadership: next.leadership };
      this.#queue = this.#queue.filter((each) => each !== next);
      this.#holders.set(name, holder);
      next.tab.do(() => {
        void next.leadership.lead().then(() => {
          if (this.#holders.get(name) === holder) {
            this.#holders.delete(name);
            this.#next(name);
          }
        });
      });
    }
  }
}
