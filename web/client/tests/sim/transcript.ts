// A Realtime and its commands, for transcripts without a socket.

import type { RealtimeCommand, RealtimeState } from '../../src/realtime/commands.ts';
import { Realtime } from '../../src/realtime/realtime.ts';
import { TIMING } from '../../src/timing.ts';

export class Transcript {
  now = 1_000_000;
  readonly realtime = new Realtime({
    graphqlUrl: 'https://api.example.com/graphql',
    realtimeUrl: 'wss://api.example.com/graphql/realtime',
    timing: TIMING,
    environment: { now: () => this.now, random: () => 0.5 },
  });
  readonly timers = new Map<string, number>();
  state: RealtimeState = 'idle';
  #tickets = 0;

  /** The commands since last time, timers noted apart, tickets answered with `token-1`, `token-2` … */
  take(): Exclude<RealtimeCommand, { type: 'timer' | 'authorize' }>[] {
    const found: Exclude<RealtimeCommand, { type: 'timer' | 'authorize' }>[] = [];
    for (let commands = this.realtime.take(); commands.length > 0; commands = this.realtime.take()) {
      for (const command of commands) {
        if (command.type === 'timer') {
          if (command.delay === null) {
            this.timers.delete(command.name);
          } else {
            this.timers.set(command.name, command.delay);
          }
        } else if (command.type === 'authorize') {
          this.#tickets += 1;
          this.realtime.authorized(command.ticket, {
            Authorization: `token-${this.#tickets}${command.refused ? '-renewed' : ''}`,
          });
        } else {
          this.state = command.type === 'state' ? command.state : this.state;
          found.push(command);
        }
      }
    }
    return found;
  }

  want(key: string): void {
    this.realtime.want(key, { query: `subscription ${key}`, variables: { key } });
  }

  receive(link: number, frame: object): void {
    this.realtime.text(link, JSON.stringify(frame));
  }

  /** Up to the acknowledged connection with `key` subscribed; gives its link and its id there. */
  subscribe(key: string): { link: number; id: string } {
    this.want(key);
    const link = this.connected();
    this.realtime.opened(link);
    this.receive(link, { type: 'connection_ack', payload: { connectionTimeoutMs: 300_000 } });
    const id = this.started(this.take());
    this.receive(link, { type: 'start_ack', id });
    this.take();
    return { link, id };
  }

  /** The link that the commands since last time connect. */
  connected(): number {
    const found = this.take().find((command) => command.type === 'connect');
    if (found === undefined) {
      throw new Error('nothing connects');
    }
    return found.link;
  }

  /** The id of the subscription that these commands start. */
  started(commands: readonly { type: string }[]): string {
    const frames = framesOf(commands).filter(({ type }) => type === 'start');
    if (frames[0] === undefined) {
      throw new Error('nothing starts');
    }
    return String(frames[0].id);
  }
}

/** The frames that these commands send. */
export function framesOf(commands: readonly { type: string }[]): Record<string, unknown>[] {
  return commands
    .filter((command) => command.type === 'send')
    .map((command) => JSON.parse((command as unknown as { text: string }).text) as Record<string, unknown>);
}
