// A state machine that keeps one connection alive: text and events in, commands out. transitions.ts is its table.
// Its owner has the sockets, tokens, timers, clock and random numbers.

import { StatusbeamError } from '../errors.ts';
import { backoff, type Timing } from '../timing.ts';
import type { RealtimeCommand, RealtimeState, RealtimeTimer } from './commands.ts';
import { Link } from './link.ts';
import {
  type AuthHeaders,
  CONNECTION_INIT,
  type Frame,
  type Operation,
  readFrame,
  startFrame,
  stopFrame,
  subprotocols,
} from './protocol.ts';
import { type Action, type Event, reported, type State, TRANSITIONS } from './transitions.ts';

export interface RealtimeOptions {
  readonly graphqlUrl: string;
  readonly realtimeUrl: string;
  readonly timing: Timing;
  readonly environment: { now(): number; random(): number };
}

/** AppSync sends `ka` every 60 s: after a longer silence, a page that wakes up does not trust its socket. */
const KEEP_ALIVE_MS = 65_000;
/** The pause after a renewal that failed. */
const RENEWAL_RETRY_MS = 60_000;

export class Realtime<Key extends string = string> {
  #options: RealtimeOptions;
  #commands: RealtimeCommand<Key>[] = [];
  #wanted = new Map<Key, Operation>();
  #state: State = 'idle';
  #reported: RealtimeState = 'idle';
  #current: Link<Key> | null = null;
  /** The link that replaces `current` when it has the same subscriptions. */
  #next: Link<Key> | null = null;
  /** The newest id of a link or a ticket. */
  #ids = 0;
  /** Whether the connection was live since it was idle, so that the next one is a reconnect. */
  #wasLive = false;
  /** Connections and starts that failed in a row. */
  #failures = 0;
  /** Headers that the service refused, until new ones are requested. */
  #refused: AuthHeaders | null = null;
  /** Connections whose token was refused, since the last start that succeeded. */
  #tokenRefusals = 0;

  constructor(options: RealtimeOptions) {
    this.#options = options;
  }

  /** The commands since the last call. */
  take(): RealtimeCommand<Key>[] {
    return this.#commands.splice(0);
  }

  isSubscribed(key: Key): boolean {
    return this.#links.some((link) => link.isSubscribed(key));
  }

  want(key: Key, operation: Operation): void {
    if (this.#state !== 'closed' && !this.#wanted.has(key)) {
      this.#wanted.set(key, operation);
      this.#timer('idle', null);
      this.#dispatch('want');
    }
  }

  unwant(key: Key): void {
    this.#wanted.delete(key);
    for (const link of this.#links) {
      const id = link.remove(key);
      if (id !== null) {
        this.#send(link, stopFrame(id));
      }
    }
    if (this.#wanted.size === 0 && this.#state !== 'closed') {
      this.#timer('idle', this.#options.timing.idle);
    }
    this.#changed();
  }

  /** The page woke up, or has another network. */
  wake(isOtherNetwork: boolean): void {
    const link = this.#current;
    if (link?.phase === 'live' && this.#silenceOf(link) > KEEP_ALIVE_MS) {
      this.#lose(link, null);
    } else if (isOtherNetwork && link !== null) {
      this.#dispatch('renew'); // the socket belongs to the old network, and may hang without closing
    } else {
      this.#dispatchIfNeeded('wake');
    }
  }

  close(): void {
    this.#wanted.clear();
    this.#dispatch('close');
  }

  authorized(ticket: number, headers: AuthHeaders): void {
    const link = this.#links.find((each) => each.ticket === ticket);
    if (link === undefined) {
      return;
    }
    link.ticket = null;
    link.headers = headers;
    if (link.phase === 'authorizing') {
      link.phase = 'opening';
      const { graphqlUrl, realtimeUrl } = this.#options;
      this.#push({ type: 'connect', link: link.id, url: realtimeUrl, protocols: subprotocols(graphqlUrl, headers) });
    } else {
      this.#start(link);
    }
  }

  unauthorizable(ticket: number, error: StatusbeamError): void {
    const link = this.#links.find((each) => each.ticket === ticket);
    if (link !== undefined) {
      this.#lose(link, error);
    }
  }

  opened(linkId: number): void {
    this.#with(linkId, (link) => this.#send(link, CONNECTION_INIT));
  }

  closed(linkId: number): void {
    this.#with(linkId, (link) => this.#lose(link, null));
  }

  text(linkId: number, text: string): void {
    this.#with(linkId, (link) => this.#received(link, readFrame(text)));
  }

  timer(name: RealtimeTimer): void {
    if (name === 'answer') {
      const late = this.#awaiting;
      if (late !== undefined) {
        this.#lose(late, new StatusbeamError('unavailable', 'The service did not answer in time.'));
      }
    } else if (name === 'silence') {
      this.#checkSilence();
    } else if (name === 'renewal') {
      this.#dispatch('renew');
    } else if (name === 'retry' || this.#wanted.size === 0) {
      this.#dispatchIfNeeded('retry');
    }
  }

  /** Carry out the table's transition for this event. */
  #dispatch(event: Event, error: StatusbeamError | null = null): void {
    const transition = TRANSITIONS[this.#state][event];
    if (transition !== undefined) {
      const [state, ...actions] = transition;
      this.#state = state;
      for (const action of actions) {
        this.#actions[action]();
      }
      this.#report(error);
    }
  }

  readonly #actions: Readonly<Record<Action, () => void>> = {
    open: () => {
      const { environment, timing } = this.#options;
      this.#ids += 1;
      const link = new Link<Key>(this.#ids, environment.now(), timing.silence);
      if (this.#current === null) {
        this.#current = link;
      } else {
        this.#next = link;
      }
      this.#authorize(link);
      this.#awaitAnswer();
    },
    watch: () => {
      this.#wasLive = true;
      this.#checkSilence();
      this.#timer('renewal', this.#options.timing.renewal * (1 - this.#options.environment.random() / 10));
    },
    start: () => this.#startMissing(),
    startPostponed: () => {
      for (const link of this.#links) {
        link.retry();
      }
      this.#startMissing();
    },
    drop: () => this.#drop(this.#current as Link<Key>),
    dropNext: () => {
      this.#push({ type: 'disconnect', link: (this.#next as Link<Key>).id });
      this.#next = null;
      this.#awaitAnswer();
      this.#timer('renewal', RENEWAL_RETRY_MS);
    },
    // The first refusal of a token is answered with a new token at once.
    backOff: () => this.#backOff(this.#refused !== null && this.#tokenRefusals === 1),
    forgetFailures: () => {
      this.#failures = 0;
    },
    reset: () => {
      for (const { id } of this.#links) {
        this.#push({ type: 'disconnect', link: id });
      }
      this.#current = this.#next = null;
      for (const name of ['answer', 'silence', 'retry', 'renewal', 'idle'] as const) {
        this.#timer(name, null);
      }
      this.#wasLive = false;
      this.#failures = 0;
    },
  };

  #drop(link: Link<Key>): void {
    this.#push({ type: 'disconnect', link: link.id });
    this.#current = this.#next;
    this.#next = null;
    for (const key of link.keys('subscribed').filter((each) => !this.isSubscribed(each))) {
      this.#push({ type: 'interrupted', key });
    }
    this.#forgive(link);
    this.#timer('silence', null);
    this.#timer('renewal', null);
    this.#awaitAnswer();
  }

  #received(link: Link<Key>, frame: Frame): void {
    link.lastReceived = this.#options.environment.now();
    const key = 'id' in frame ? link.keyOf(frame.id) : null;
    switch (frame.type) {
      case 'ack':
        this.#acknowledged(link, frame.timeoutMs);
        break;
      case 'refused':
        this.#lose(link, frame.error);
        break;
      case 'error':
        if (frame.id !== null) {
          this.#failed(link, key === null ? [] : [key], frame.error);
        } else if (link.phase === 'live') {
          this.#failed(link, link.keys('starting'), frame.error); // a rate limit concerns all requests without an answer
        } else {
          this.#lose(link, frame.error); // a handshake also fails without connection_error
        }
        break;
      default:
        if (key === null) {
          return;
        }
        if (frame.type === 'started') {
          this.#started(link, key);
        } else if (frame.type === 'data') {
          this.#push({ type: 'data', key, data: frame.data });
        } else {
          this.#lose(link, null); // complete: the service ends subscriptions only together with the socket
        }
    }
  }

  #acknowledged(link: Link<Key>, timeoutMs: number | null): void {
    const { environment, timing } = this.#options;
    link.phase = 'live';
    link.liveSince = environment.now();
    link.silenceMs = Math.min(timing.silence, timeoutMs ?? timing.silence);
    this.#start(link);
    if (link === this.#current) {
      this.#dispatch('acknowledged');
    }
    this.#changed();
  }

  #lose(link: Link<Key>, error: StatusbeamError | null): void {
    if (error?.code === 'unauthorized' && link.phase !== 'authorizing') {
      this.#refused = link.headers;
      this.#tokenRefusals += 1;
    }
    if (link === this.#next) {
      this.#dispatch('nextLost');
      return;
    }
    this.#dispatchIfNeeded('lost', error);
    if (this.#current?.phase === 'live') {
      this.#dispatch('acknowledged'); // the next link was ready to replace the one that was lost
    }
  }

  #started(link: Link<Key>, key: Key): void {
    this.#tokenRefusals = 0;
    this.#forgive(link);
    link.started(key);
    this.#push({ type: 'started', key });
    this.#changed();
  }

  #failed(link: Link<Key>, keys: readonly Key[], error: StatusbeamError): void {
    let isPostponed = false;
    for (const key of keys) {
      const wasSubscribed = link.isSubscribed(key);
      const state = link.failed(key, error);
      if (wasSubscribed) {
        this.#push({ type: 'interrupted', key });
      }
      this.#push({ type: 'refused', key, error });
      if (state === 'wanted') {
        this.#refused = link.headers;
      }
      isPostponed ||= state === 'postponed';
    }
    if (isPostponed) {
      this.#backOff(false);
    }
    this.#startMissing();
    this.#changed();
  }

  /** Subscriptions changed: whether an answer is still awaited, and whether the next link can take over. */
  #changed(): void {
    if (this.#awaiting === undefined) {
      this.#timer('answer', null);
    }
    const [current, next] = [this.#current, this.#next];
    if (current !== null && next?.phase === 'live' && next.settles(current.keys('subscribed'))) {
      this.#dispatch('nextReady');
    }
  }

  #authorize(link: Link<Key>): void {
    this.#ids += 1;
    link.ticket = this.#ids;
    this.#push({ type: 'authorize', ticket: this.#ids, refused: this.#refused });
    this.#refused = null;
  }

  /** Start the wanted and missing subscriptions, each with headers that are requested now. */
  #startMissing(): void {
    for (const link of this.#links) {
      if (link.phase === 'live' && link.ticket === null && link.missing(this.#wanted.keys()).length > 0) {
        this.#authorize(link);
      }
    }
  }

  /** Start the wanted and missing subscriptions on a link that has fresh headers. */
  #start(link: Link<Key>): void {
    for (const key of link.missing(this.#wanted.keys())) {
      const operation = this.#wanted.get(key) as Operation;
      this.#send(link, startFrame(link.begin(key), operation, this.#options.graphqlUrl, link.headers));
    }
    this.#awaitAnswer();
  }

  /** A link that lived long enough clears the failures before it. */
  #forgive({ liveSince }: Link<Key>): void {
    const { environment, timing } = this.#options;
    if (liveSince > 0 && environment.now() - liveSince >= timing.reconnectForgiven) {
      this.#failures = 0;
    }
  }

  /** Plan the next attempt after a pause, or at once. */
  #backOff(isAtOnce: boolean): void {
    const { environment, timing } = this.#options;
    this.#timer('retry', isAtOnce ? 0 : backoff(this.#failures, timing, environment.random));
    this.#failures += 1;
  }

  get #links(): Link<Key>[] {
    return [this.#current, this.#next].filter((link) => link !== null);
  }

  /** The link that waits for an answer: the next one, if both wait. */
  get #awaiting(): Link<Key> | undefined {
    return this.#links.findLast((link) => link.isAwaiting);
  }

  #awaitAnswer(): void {
    const { timing } = this.#options;
    const link = this.#awaiting;
    this.#timer('answer', link === undefined ? null : link.phase === 'live' ? timing.startAck : timing.handshake);
  }

  #silenceOf(link: Link<Key>): number {
    return this.#options.environment.now() - link.lastReceived;
  }

  /** Drop the current link if it was silent for too long. Otherwise check again when it would be. */
  #checkSilence(): void {
    const link = this.#current;
    if (link?.phase !== 'live') {
      return;
    }
    const left = link.silenceMs - this.#silenceOf(link);
    if (left > 0) {
      this.#timer('silence', left);
    } else {
      this.#lose(link, null);
    }
  }

  #report(error: StatusbeamError | null): void {
    const state = reported(this.#state, this.#wasLive);
    if (this.#reported !== state || error !== null) {
      this.#reported = state;
      this.#push({ type: 'state', state: this.#reported, error });
    }
  }

  /** `#dispatch`, if any subscription is wanted. */
  #dispatchIfNeeded(event: Event, error: StatusbeamError | null = null): void {
    this.#dispatch(this.#wanted.size > 0 ? event : 'unneeded', error);
  }

  /** Frames and events of a dropped link have no effect. */
  #with(linkId: number, action: (link: Link<Key>) => void): void {
    for (const link of this.#links.filter(({ id }) => id === linkId)) {
      action(link);
    }
  }

  #send(link: Link<Key>, text: string): void {
    this.#push({ type: 'send', link: link.id, text });
  }

  #timer(name: RealtimeTimer, delay: number | null): void {
    this.#push({ type: 'timer', name, delay });
  }

  #push(command: RealtimeCommand<Key>): void {
    this.#commands.push(command);
  }
}
