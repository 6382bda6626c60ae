// The subscriptions of a client over its own socket: the commands of Realtime, carried out.

import { StatusbeamError } from '../errors.ts';
import type { RealtimeCommand, RealtimeState, RealtimeTimer } from '../realtime/commands.ts';
import { Realtime } from '../realtime/realtime.ts';
import type { AuthHeaders, Operation } from '../realtime/wire.ts';
import type { Timing } from '../timing.ts';
import type { Credentials } from './credentials.ts';
import type { Environment, Socket } from './environment.ts';

/** What subscriptions tell. */
export interface PushListener {
  started(key: string): void;
  interrupted(key: string): void;
  refused(key: string, error: StatusbeamError): void;
  data(key: string, data: Readonly<Record<string, unknown>>): void;
  state(state: RealtimeState, error: StatusbeamError | null): void;
}

/** Where pushes come from: a socket, or another tab that has one. */
export interface Pushes {
  want(key: string, operation: Operation): void;
  unwant(key: string): void;
  isStanding(key: string): boolean;
  wake(): void;
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

export class SocketPushes implements Pushes {
  #options: SocketPushesOptions;
  #realtime: Realtime;
  #sockets = new Map<number, Socket>();
  #timers = new Map<RealtimeTimer, unknown>();
  #isRunning = false;

  constructor(options: SocketPushesOptions) {
    const { graphqlUrl, realtimeUrl, timing, environment } = options;
    this.#options = options;
    this.#realtime = new Realtime({ graphqlUrl, realtimeUrl, timing, now: environment.now, random: environment.random });
  }

  want(key: string, operation: Operation): void {
    this.#do(() => this.#realtime.want(key, operation));
  }

  unwant(key: string): void {
    this.#do(() => this.#realtime.unwant(key));
  }

  isStanding(key: string): boolean {
    return this.#realtime.isStanding(key);
  }

  wake(): void {
    this.#do(() => this.#realtime.wake());
  }

  close(): void {
    this.#do(() => this.#realtime.close());
  }

  /** Tell the machine something, then carry out what it wants; listeners may tell it more meanwhile. */
  #do(event: () => void): void {
    event();
    if (this.#isRunning) {
      return;
    }
    this.#isRunning = true;
    try {
      for (let commands = this.#realtime.take(); commands.length > 0; commands = this.#realtime.take()) {
        for (const command of commands) {
          this.#carryOut(command);
        }
      }
    } finally {
      this.#isRunning = false;
    }
  }

  #carryOut(command: RealtimeCommand): void {
    const { listener } = this.#options;
    switch (command.type) {
      case 'authorize':
        void this.#authorize(command.ticket, command.refused);
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
      case 'timer':
        this.#timer(command.name, command.delay);
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

  async #authorize(ticket: number, refused: AuthHeaders | null): Promise<void> {
    const answer = await this.#options.credentials.headers(refused).catch((error: StatusbeamError) => error);
    this.#do(() => {
      if (answer instanceof StatusbeamError) {
        this.#realtime.unauthorizable(ticket, answer);
      } else {
        this.#realtime.authorized(ticket, answer);
      }
    });
  }

  #connect(link: number, url: string, protocols: string[]): void {
    try {
      const socket = this.#options.environment.openSocket(url, protocols, {
        opened: () => this.#do(() => this.#realtime.opened(link)),
        text: (text) => this.#do(() => this.#realtime.text(link, text)),
        closed: () => this.#do(() => this.#realtime.closed(link)),
      });
      this.#sockets.set(link, socket);
    } catch {
      this.#realtime.closed(link); // an address or a header that no socket takes
    }
  }

  #timer(name: RealtimeTimer, delay: number | null): void {
    const { environment } = this.#options;
    environment.clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    if (delay !== null) {
      const fire = () => {
        this.#timers.delete(name);
        this.#do(() => this.#realtime.timer(name));
      };
      this.#timers.set(name, environment.setTimeout(fire, delay));
    }
  }
}
