// One connection that is always on its way back, as a state machine: text and events in, commands out.
// Sockets, tokens, timers, clock and dice are the caller's.
//
//     want(key) ─► authorize ─► connect ─► connection_init ─► ack ─► start … start_ack        state: live
//        closed, silent, refused ─► wait (backoff) ─► authorize …                             state: reconnecting
//        a day is nearly over ─► a second link; when all stands there, the first one goes     state: live all the time

import { StatusbeamError } from '../errors.ts';
import { backoff, type Timing } from '../timing.ts';
import type { RealtimeCommand, RealtimeState, RealtimeTimer } from './commands.ts';
import { Link } from './link.ts';
import { type AuthHeaders, CONNECTION_INIT, type Operation, readFrame, startFrame, stopFrame, subprotocols } from './wire.ts';

export interface RealtimeOptions {
  readonly graphqlUrl: string;
  readonly realtimeUrl: string;
  readonly timing: Timing;
  readonly now: () => number;
  readonly random: () => number;
}

export class Realtime {
  #options: RealtimeOptions;
  #commands: RealtimeCommand[] = [];
  #wanted = new Map<string, Operation>();
  #current: Link | null = null;
  /** The link that takes over from `current`. */
  #next: Link | null = null;
  /** Whom a ticket's headers are for: a link that connects, or one that starts more subscriptions. */
  #tickets = new Map<number, { link: Link; use: 'connect' | 'start' }>();
  #ids = 0;
  #tries = 0;
  /** Headers that were not taken, until new ones are asked for. */
  #refused: AuthHeaders | null = null;
  #refusals = 0;
  /** Starts that failed and may do better later, since the last one that stood. */
  #startTries = 0;
  #wasLive = false;
  #state: RealtimeState = 'idle';

  constructor(options: RealtimeOptions) {
    this.#options = options;
  }

  get state(): RealtimeState {
    return this.#state;
  }

  /** The commands since last time. */
  take(): RealtimeCommand[] {
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }

  isStanding(key: string): boolean {
    return Boolean(this.#current?.standing.has(key) || this.#next?.standing.has(key));
  }

  want(key: string, operation: Operation): void {
    if (this.#state === 'closed' || this.#wanted.has(key)) {
      return;
    }
    this.#wanted.set(key, operation);
    this.#timer('idle', null);
    if (this.#state === 'idle') {
      this.#open();
    }
    this.#startMissing();
  }

  unwant(key: string): void {
    this.#wanted.delete(key);
    for (const link of this.#links()) {
      const id = link.ids.get(key);
      link.refused.delete(key);
      link.later.delete(key);
      if (id !== undefined) {
        link.forget(key);
        this.#send(link, stopFrame(id));
      }
    }
    if (this.#wanted.size === 0 && this.#state !== 'closed') {
      this.#timer('idle', this.#options.timing.idle);
    }
    this.#takeOver();
  }

  /** The page woke up, or the network came back: don't wait for what may have died in its sleep. */
  wake(): void {
    if (this.#current === null) {
      this.#tries = 0;
      this.#open();
    } else if (this.#current?.phase === 'live' && this.#silentFor(this.#current) > 65_000) {
      this.#lose(this.#current, null);
    }
  }

  close(): void {
    for (const link of this.#links()) {
      this.#say({ type: 'disconnect', link: link.id });
    }
    this.#current = null;
    this.#next = null;
    this.#wanted.clear();
    this.#tickets.clear();
    for (const name of ['handshake', 'starts', 'silence', 'reconnect', 'renewal', 'idle', 'again'] as const) {
      this.#timer(name, null);
    }
    this.#become('closed');
  }

  authorized(ticket: number, headers: AuthHeaders): void {
    const { link, use } = this.#tickets.get(ticket) ?? {};
    this.#tickets.delete(ticket);
    if (link === undefined || !this.#has(link)) {
      return;
    }
    link.headers = headers;
    if (use === 'connect') {
      link.phase = 'opening';
      const { graphqlUrl, realtimeUrl } = this.#options;
      this.#say({ type: 'connect', link: link.id, url: realtimeUrl, protocols: subprotocols(graphqlUrl, headers) });
    } else {
      this.#start(link);
    }
  }

  unauthorizable(ticket: number, error: StatusbeamError): void {
    const { link } = this.#tickets.get(ticket) ?? {};
    this.#tickets.delete(ticket);
    if (link !== undefined) {
      this.#lose(link, error);
    }
  }

  opened(linkId: number): void {
    const link = this.#find(linkId);
    if (link !== null) {
      this.#send(link, CONNECTION_INIT);
    }
  }

  closed(linkId: number): void {
    const link = this.#find(linkId);
    if (link !== null) {
      this.#lose(link, null);
    }
  }

  text(linkId: number, text: string): void {
    const link = this.#find(linkId);
    if (link === null) {
      return;
    }
    link.lastHeard = this.#options.now();
    const frame = readFrame(text);
    switch (frame.type) {
      case 'ack':
        this.#acknowledged(link, frame.timeoutMs);
        break;
      case 'refused':
        this.#lose(link, frame.error);
        break;
      case 'started':
        this.#started(link, frame.id);
        break;
      case 'data': {
        const key = link.keyOf(frame.id);
        if (key !== null) {
          this.#say({ type: 'data', key, data: frame.data });
        }
        break;
      }
      case 'error':
        if (frame.id === null && link.phase !== 'live') {
          this.#lose(link, frame.error); // the handshake's own way to fail, beside connection_error
        } else {
          this.#failed(link, frame.id, frame.error);
        }
        break;
      case 'complete':
        if (link.keyOf(frame.id) !== null) {
          this.#lose(link, null); // ended by the service, which closes the socket as well
        }
        break;
      default:
    }
  }

  timer(name: RealtimeTimer): void {
    const current = this.#current;
    if (name === 'reconnect') {
      this.#rest();
      this.#open();
    } else if (name === 'renewal') {
      this.#renew();
    } else if (name === 'again') {
      for (const link of this.#links()) {
        link.later.clear();
      }
      this.#startMissing();
    } else if (name === 'idle') {
      this.#rest();
    } else if (name === 'silence') {
      this.#listen();
    } else {
      // A handshake or a start that got no answer: of the link that is on its way, which is the next one if there is one.
      const late = this.#next ?? current;
      if (late !== null && (name === 'starts' || late.phase !== 'live')) {
        this.#lose(late, new StatusbeamError('unavailable', 'The service did not answer in time.'));
      }
    }
  }

  #links(): Link[] {
    return [this.#current, this.#next].filter((link) => link !== null);
  }

  #find(id: number): Link | null {
    return this.#links().find((link) => link.id === id) ?? null;
  }

  #has(link: Link): boolean {
    return link === this.#current || link === this.#next;
  }

  #newLink(): Link {
    this.#ids += 1;
    const link = new Link(this.#ids, this.#options.timing.silence);
    link.lastHeard = this.#options.now();
    this.#authorize(link, 'connect');
    this.#timer('handshake', this.#options.timing.handshake);
    return link;
  }

  #authorize(link: Link, use: 'connect' | 'start'): void {
    this.#ids += 1;
    this.#tickets.set(this.#ids, { link, use });
    this.#say({ type: 'authorize', ticket: this.#ids, refused: this.#refused });
    this.#refused = null;
  }

  #open(): void {
    if (this.#state === 'closed' || this.#current !== null || this.#wanted.size === 0) {
      return;
    }
    this.#timer('reconnect', null);
    this.#become(this.#wasLive || this.#state === 'reconnecting' ? 'reconnecting' : 'connecting');
    this.#current = this.#newLink();
  }

  #renew(): void {
    if (this.#current?.phase === 'live' && this.#next === null) {
      this.#next = this.#newLink();
    }
  }

  #acknowledged(link: Link, timeoutMs: number | null): void {
    const { timing, now, random } = this.#options;
    link.phase = 'live';
    link.liveSince = now();
    link.silenceMs = Math.min(timing.silence, timeoutMs ?? timing.silence);
    this.#timer('handshake', null);
    this.#start(link);
    if (link === this.#current) {
      this.#wasLive = true;
      this.#become('live');
      this.#listen();
      this.#timer('renewal', timing.renewal * (1 - random() / 10));
    } else {
      this.#takeOver();
    }
  }

  /** Start what is wanted and not yet asked for on a link whose headers are fresh. */
  #start(link: Link): void {
    const missing = link.phase === 'live' ? link.missing(this.#wanted.keys()) : [];
    for (const key of missing) {
      const operation = this.#wanted.get(key) as Operation;
      this.#send(link, startFrame(link.begin(key), operation, this.#options.graphqlUrl, link.headers));
    }
    if (missing.length > 0) {
      this.#timer('starts', this.#options.timing.startAck);
    }
  }

  #startMissing(): void {
    for (const link of this.#links()) {
      const isAsking = [...this.#tickets.values()].some((ticket) => ticket.link === link);
      if (link.phase === 'live' && !isAsking && link.missing(this.#wanted.keys()).length > 0) {
        this.#authorize(link, 'start');
      }
    }
  }

  #started(link: Link, id: string): void {
    const key = link.keyOf(id);
    if (key === null) {
      return;
    }
    this.#refusals = 0;
    this.#startTries = 0;
    link.standing.add(key);
    if ([...link.ids.keys()].every((each) => link.standing.has(each))) {
      this.#timer('starts', null);
    }
    this.#say({ type: 'started', key });
    this.#takeOver();
  }

  #failed(link: Link, id: string | null, error: StatusbeamError): void {
    const key = id === null ? null : link.keyOf(id);
    if (id !== null && key === null) {
      return;
    }
    const { timing, random } = this.#options;
    // Without an id: a rate limit, which hits what has not been answered yet.
    const isLater = error.code === 'limited' || error.code === 'unavailable';
    const hit = key === null ? [...link.ids.keys()].filter((each) => !link.standing.has(each)) : [key];
    for (const each of hit) {
      const stood = link.standing.has(each);
      link.forget(each);
      if (error.code === 'unauthorized' && !link.renewed.has(each)) {
        link.renewed.add(each);
        this.#refused = link.headers;
      } else if (isLater) {
        link.later.add(each);
      } else {
        link.refused.add(each);
      }
      if (stood) {
        this.#say({ type: 'interrupted', key: each });
      }
      this.#say({ type: 'refused', key: each, error });
    }
    if (isLater) {
      this.#timer('again', backoff(this.#startTries, timing.retryFirst, timing.retryMost, random));
      this.#startTries += 1;
    } else {
      this.#startMissing();
    }
    if ([...link.ids.keys()].every((each) => link.standing.has(each))) {
      this.#timer('starts', null);
    }
    this.#takeOver();
  }

  /** Let the next link replace the current one once all that stands there stands on it as well. */
  #takeOver(): void {
    const [current, next] = [this.#current, this.#next];
    if (current === null || next?.phase !== 'live' || !next.isComplete(current.standing)) {
      return;
    }
    this.#say({ type: 'disconnect', link: current.id });
    this.#current = next;
    this.#next = null;
    this.#listen();
    this.#timer('renewal', this.#options.timing.renewal * (1 - this.#options.random() / 10));
  }

  #lose(link: Link, error: StatusbeamError | null): void {
    if (!this.#has(link)) {
      return;
    }
    this.#say({ type: 'disconnect', link: link.id });
    this.#timer('handshake', null);
    this.#timer('starts', null);
    if (error?.code === 'unauthorized' && link.phase !== 'authorizing') {
      this.#refused = link.headers;
      this.#refusals += 1;
    }
    if (link === this.#next) {
      this.#next = null;
      this.#timer('renewal', 60_000);
      return;
    }
    this.#current = this.#next;
    this.#next = null;
    for (const key of link.standing) {
      if (!this.#current?.standing.has(key)) {
        this.#say({ type: 'interrupted', key });
      }
    }
    this.#timer('silence', null);
    this.#timer('renewal', null);
    this.#become(this.#wasLive ? 'reconnecting' : 'connecting', error);
    if (this.#current === null) {
      this.#wait(link);
    } else if (this.#current.phase === 'live') {
      this.#become('live');
      this.#listen();
      this.#timer('starts', this.#options.timing.startAck);
      this.#timer('renewal', this.#options.timing.renewal * (1 - this.#options.random() / 10));
    } else {
      this.#timer('handshake', this.#options.timing.handshake);
    }
  }

  #wait(lost: Link): void {
    const { timing, random, now } = this.#options;
    if (this.#wanted.size === 0) {
      this.#become('idle');
      return;
    }
    if (lost.liveSince > 0 && now() - lost.liveSince >= timing.reconnectForgiven) {
      this.#tries = 0;
    }
    // The first refusal of a token is answered with a new one at once.
    const delay =
      this.#refused !== null && this.#refusals === 1
        ? 0
        : backoff(this.#tries, timing.reconnectFirst, timing.reconnectMost, random);
    this.#tries += 1;
    this.#timer('reconnect', delay);
  }

  /** Be idle, unless something is wanted. */
  #rest(): void {
    if (this.#wanted.size > 0) {
      return;
    }
    for (const link of this.#links()) {
      this.#say({ type: 'disconnect', link: link.id });
    }
    this.#current = null;
    this.#next = null;
    for (const name of ['handshake', 'starts', 'silence', 'reconnect', 'renewal', 'again'] as const) {
      this.#timer(name, null);
    }
    this.#wasLive = false;
    this.#tries = 0;
    this.#become('idle');
  }

  #silentFor(link: Link): number {
    return this.#options.now() - link.lastHeard;
  }

  /** Lose the current link if it was silent for too long, else look again when it would be. */
  #listen(): void {
    const link = this.#current;
    if (link === null || link.phase !== 'live') {
      return;
    }
    const left = link.silenceMs - this.#silentFor(link);
    if (left > 0) {
      this.#timer('silence', left);
    } else {
      this.#lose(link, null);
    }
  }

  #become(state: RealtimeState, error: StatusbeamError | null = null): void {
    if (this.#state !== state || error !== null) {
      this.#state = state;
      this.#say({ type: 'state', state, error });
    }
  }

  #send(link: Link, text: string): void {
    this.#say({ type: 'send', link: link.id, text });
  }

  #timer(name: RealtimeTimer, delay: number | null): void {
    this.#say({ type: 'timer', name, delay });
  }

  #say(command: RealtimeCommand): void {
    this.#commands.push(command);
  }
}
