// The whole client in virtual time: its environment is a clock, dice and a service in this process.

import { type Client, type ConnectOptions, connect } from '../../src/client/client.ts';
import type { Environment } from '../../src/client/environment.ts';
import { dice, type Random, VirtualClock } from './clock.ts';
import { Service } from './service.ts';

export const URL_ = 'https://api.example.com/graphql';

export class World {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly service: Service;
  readonly environment: Environment;
  /** Addresses and subprotocols of the sockets that were opened. */
  readonly opened: { url: string; protocols: string[] }[] = [];
  readonly asked: { query: string; variables: Record<string, unknown>; headers: Record<string, string>; keepalive: boolean }[] =
    [];
  tokensAsked: boolean[] = [];
  readonly reported: unknown[] = [];
  /** Pages of other sites are not shown the Date header. */
  hidesDate = false;
  refuseToken: Error | null = null;
  #wakers = new Set<() => void>();
  #leavers = new Set<() => void>();
  #token: string | null = null;

  constructor(seed = 1) {
    this.random = dice(seed);
    this.service = new Service(this.clock, this.random);
    this.environment = {
      now: () => this.clock.now,
      random: this.random,
      setTimeout: (action, milliseconds) => this.clock.after(milliseconds, action),
      clearTimeout: (timer) => this.clock.cancel(timer),
      defer: (action) => queueMicrotask(action),
      report: (error) => this.reported.push(error),
      fetch: (url, init) => this.#fetch(url, init),
      openSocket: (url, protocols, handlers) => {
        this.opened.push({ url, protocols });
        const socket = this.service.connect(protocols, handlers);
        this.clock.after(15, () => handlers.opened());
        return {
          send: (text) => void this.clock.after(10, () => this.service.receive(socket, text)),
          close: () => this.service.leave(socket),
        };
      },
      onWake: (action) => listening(this.#wakers, action),
      onLeave: (action) => listening(this.#leavers, action),
    };
  }

  connect(more: Partial<ConnectOptions> = {}): Client {
    const token = async ({ refused }: { refused: boolean }) => {
      this.tokensAsked.push(refused);
      if (this.refuseToken !== null) {
        throw this.refuseToken;
      }
      if (this.#token === null || refused || !this.service.takes(this.#token)) {
        this.#token = this.service.newToken();
      }
      return this.#token;
    };
    return connect({ url: URL_, auth: { type: 'cognito', token }, environment: this.environment, ...more });
  }

  wake(): void {
    for (const action of this.#wakers) {
      action();
    }
  }

  leave(): void {
    for (const action of this.#leavers) {
      action();
    }
  }

  /** Let time pass, with all that happens meanwhile. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.clock.now + milliseconds;
    await settled();
    while (this.clock.step(end)) {
      await settled();
    }
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    if (url !== URL_) {
      throw new TypeError(`no such place: ${url}`);
    }
    const { query, variables } = JSON.parse(String(init.body)) as { query: string; variables: Record<string, unknown> };
    const headers = init.headers as Record<string, string>;
    this.asked.push({ query, variables, headers, keepalive: init.keepalive === true });
    await this.#way(init.signal);
    const answer = this.service.answer(query, variables, headers.Authorization);
    await this.#way(init.signal);
    if (answer === null) {
      throw new TypeError('fetch failed');
    }
    const date = new Date(this.clock.now + this.service.clockAhead).toUTCString();
    return {
      status: answer.status,
      headers: new Headers(this.hidesDate ? {} : { date }),
      json: async () => structuredClone(answer.body),
    } as unknown as Response;
  }

  #way(signal: AbortSignal | null | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.clock.after(this.service.way(), resolve);
      signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
    });
  }
}

/** After everything that only waits for its turn. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function listening(listeners: Set<() => void>, action: () => void): () => void {
  listeners.add(action);
  return () => listeners.delete(action);
}
