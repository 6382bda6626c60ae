// The tab that has the socket: it subscribes to what all tabs want, and passes on what it hears.

import type { Operation } from '../realtime/wire.ts';
import { factsOf, type Said, type StateFacts } from './messages.ts';
import { type PushListener, SocketPushes, type SocketPushesOptions } from './pushes.ts';

/** A tab that was silent for this long is gone. Hidden tabs may speak once a minute only. */
const SILENT_MS = 100_000;

type Wishes = ReadonlyMap<string, Operation>;

export class LeadingTab {
  #tab: string;
  #options: SocketPushesOptions;
  #post: (message: Said) => void;
  #socket: SocketPushes;
  #tabs = new Map<string, { readonly wishes: Wishes; readonly heardAt: number }>();
  /** The tab whose operation each subscription was started with: its session counts for it. */
  #owners = new Map<string, string>();
  #state: StateFacts = { state: 'connecting', error: null };
  #isOver = false;

  constructor(tab: string, options: SocketPushesOptions, post: (message: Said) => void) {
    this.#tab = tab;
    this.#options = options;
    this.#post = post;
    this.#socket = new SocketPushes({ ...options, listener: this.#relay(options.listener) });
  }

  isStanding(key: string): boolean {
    return this.#socket.isStanding(key);
  }

  wake(): void {
    this.#socket.wake();
  }

  /** All that a tab wants now. */
  wants(tab: string, wishes: Wishes): void {
    const before = this.#tabs.get(tab)?.wishes;
    this.#tabs.set(tab, { wishes: new Map(wishes), heardAt: this.#options.environment.now() });
    for (const key of before?.keys() ?? []) {
      // Nobody's wish but its owner's keeps a subscription; and one that was refused is tried again when any tab tries again.
      if (!wishes.has(key) && (this.#owners.get(key) === tab || !this.isStanding(key))) {
        this.#owners.delete(key);
        this.#socket.unwant(key);
      }
    }
    for (const [each, its] of this.#tabs) {
      for (const [key, operation] of its.wishes) {
        if (!this.#owners.has(key)) {
          this.#owners.set(key, each);
          this.#socket.want(key, operation);
        }
      }
    }
  }

  /** The same of another tab, which is answered. */
  asked(tab: string, wishes: Wishes): void {
    this.wants(tab, wishes);
    const standing = [...wishes.keys()].filter((key) => this.isStanding(key));
    this.#post({ type: 'here', to: tab, standing, state: this.#state });
  }

  /** Let go of tabs that are gone without a word. */
  forgetSilent(): void {
    const since = this.#options.environment.now() - SILENT_MS;
    for (const [tab, { heardAt }] of [...this.#tabs]) {
      if (tab !== this.#tab && heardAt < since) {
        this.wants(tab, new Map());
        this.#tabs.delete(tab);
      }
    }
  }

  /** Without a word: who leads next speaks for all. */
  close(): void {
    this.#isOver = true;
    this.#socket.close();
  }

  #relay(own: PushListener): PushListener {
    const pass = (key: string, message: Said, tell: () => void) => {
      if (!this.#isOver) {
        this.#post(message);
        if (this.#tabs.get(this.#tab)?.wishes.has(key)) {
          tell();
        }
      }
    };
    return {
      started: (key) => pass(key, { type: 'started', key }, () => own.started(key)),
      interrupted: (key) => pass(key, { type: 'interrupted', key }, () => own.interrupted(key)),
      refused: (key, error) => pass(key, { type: 'refused', key, error: factsOf(error) }, () => own.refused(key, error)),
      data: (key, data) => pass(key, { type: 'data', key, data }, () => own.data(key, data)),
      state: (state, error) => {
        if (!this.#isOver) {
          this.#state = { state, error: error === null ? null : factsOf(error) };
          this.#post({ type: 'state', state: this.#state });
          own.state(state, error);
        }
      },
    };
  }
}
