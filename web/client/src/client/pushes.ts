// The subscriptions of a client over its own socket: runs a Realtime.

import type { StatusbeamError } from '../errors.ts';
import type { RealtimeCommand, RealtimeState } from '../realtime/commands.ts';
import type { Operation } from '../realtime/protocol.ts';
import { Realtime } from '../realtime/realtime.ts';
import type { Timing } from '../timing.ts';
import type { Credentials } from './credentials.ts';
import type { Environment, Socket } from './environment.ts';
import type { SubscriptionKey } from './keys.ts';
import { Runner, type Work } from './runner.ts';

export interface PushListener {
  started(key: SubscriptionKey): void;
  interrupted(key: SubscriptionKey): void;
  refused(key: SubscriptionKey, error: StatusbeamError): void;
  data(key: SubscriptionKey, data: Readonly<Record<string, unknown>>): void;
  state(state: RealtimeState, error: StatusbeamError | null): void;
}

/** The source of pushes: a socket, or another tab with one. */
export interface Pushes {
  want(key: SubscriptionKey, operation: Operation): void;
  unwant(key: SubscriptionKey): void;
  isSubscribed(key: SubscriptionKey): boolean;
  /** The page woke up, or has another network. */
  wake(isOtherNetwork: boolean): void;
  close(): void;
}

export interface SocketPushesOptions {
  readonly graphqlUrl: string;
  readonly realtimeUrl: string;
  readonly timing: Timing;
  readonly credentials: Credentials;
  readonly environment: Environment;
  readonly listener: PushListener;
}

export type OpenPushes = (options: SocketPushesOptions) => Pushes;

/** Replaces the client's own socket, which `openSocket` would open. */
export type SharePushes = (options: SocketPushesOptions, openSocket: OpenPushes) => Pushes;

type Command = RealtimeCommand<SubscriptionKey>;

export class SocketPushes implements Pushes {
  #options: SocketPushesOptions;
  #runner: Runner<Realtime<SubscriptionKey>, Command>;
  #sockets = new Map<number, Socket>();

  constructor(options: SocketPushesOptions) {
    this.#options = options;
    const realtime = new Realtime<SubscriptionKey>(options);
    this.#runner = new Runner(realtime, options.environment, (command) => this.#carryOut(command));
  }

  want(key: SubscriptionKey, operation: Operation): void {
    this.#runner.do((realtime) => realtime.want(key, operation));
  }

  unwant(key: SubscriptionKey): void {
    this.#runner.do((realtime) => realtime.unwant(key));
  }

  isSubscribed(key: SubscriptionKey): boolean {
    return this.#runner.machine.isSubscribed(key);
  }

  wake(isOtherNetwork: boolean): void {
    this.#runner.do((realtime) => realtime.wake(isOtherNetwork));
  }

  close(): void {
    this.#runner.do((realtime) => realtime.close());
  }

  #carryOut(command: Work<Command>): void {
    const { credentials, listener } = this.#options;
    switch (command.type) {
      case 'authorize':
        void this.#runner.answer(
          credentials.headers(command.refused),
          (realtime, headers) => realtime.authorized(command.ticket, headers),
          (realtime, error) => realtime.unauthorizable(command.ticket, error)
        );
        break;
      case 'connect':
        this.#connect(command.link, command.url, command.protocols);
        break;
      case 'send':
        this.#sockets.get(command.link)?.send(command.text);
        break;
      case 'disconnect':
        this.#sockets.get(command.link)?.close();
        this.#sockets.delete(command.link);
        break;
      case 'state':
        listener.state(command.state, command.error);
        break;
      case 'data':
        listener.data(command.key, command.data);
        break;
      case 'refused':
        listener.refused(command.key, command.error);
        break;
      default:
        listener[command.type](command.key);
    }
  }

  #connect(link: number, url: string, protocols: string[]): void {
    const closed = () => this.#runner.do((realtime) => realtime.closed(link));
    try {
      const socket = this.#options.environment.openSocket(url, protocols, {
        opened: () => this.#runner.do((realtime) => realtime.opened(link)),
        text: (text) => this.#runner.do((realtime) => realtime.text(link, text)),
        closed,
      });
      this.#sockets.set(link, socket);
    } catch {
      closed(); // the browser refuses the address or a header
    }
  }
}
