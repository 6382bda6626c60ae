// The connection as a table: for each state, its events, with the next state and the actions.
// An event that a state does not list changes nothing in that state.

import type { RealtimeState } from './commands.ts';

export type State =
  | 'idle' // no subscription is wanted, no socket is open
  | 'waiting' // no socket is open, the next attempt is planned
  | 'connecting' // the current link is not acknowledged yet
  | 'live' // the current link is acknowledged
  | 'renewing' // as live, and the next link is opening
  | 'closed';

export type Event =
  | 'want' // a subscription is wanted
  | 'unneeded' // no subscription has been wanted for a while
  | 'retry' // the pause after a failure is over
  | 'wake' // the page woke up
  | 'renew' // the current link is old, or belongs to another network
  | 'acknowledged' // the current link received connection_ack
  | 'lost' // the current link closed, failed or fell silent
  | 'nextReady' // the next link has every subscription that the current one has
  | 'nextLost'
  | 'close';

export type Action =
  | 'open' // a new link: the current one if there is none, otherwise the next one
  | 'watch' // expect frames on the current link, and plan its renewal
  | 'start' // start the wanted subscriptions
  | 'startPostponed' // start also those that failed for now
  | 'drop' // the next link, if there is one, becomes the current link
  | 'dropNext'
  | 'backOff' // plan the next attempt
  | 'forgetFailures' // attempt again without a pause
  | 'reset'; // close every link, stop every timer

type Transition = readonly [State, ...Action[]];

const close: Transition = ['closed', 'reset'];
const unneeded: Transition = ['idle', 'reset'];

export const TRANSITIONS: Readonly<Record<State, { readonly [Name in Event]?: Transition }>> = {
  idle: {
    want: ['connecting', 'open'],
    close,
  },
  waiting: {
    retry: ['connecting', 'open'],
    wake: ['connecting', 'forgetFailures', 'open'],
    unneeded,
    close,
  },
  connecting: {
    acknowledged: ['live', 'watch'],
    lost: ['waiting', 'drop', 'backOff'],
    unneeded,
    close,
  },
  live: {
    want: ['live', 'start'],
    retry: ['live', 'startPostponed'],
    renew: ['renewing', 'open'],
    lost: ['waiting', 'drop', 'backOff'],
    unneeded,
    close,
  },
  renewing: {
    want: ['renewing', 'start'],
    retry: ['renewing', 'startPostponed'],
    nextReady: ['live', 'drop', 'watch'],
    nextLost: ['live', 'dropNext'],
    lost: ['connecting', 'drop'],
    unneeded,
    close,
  },
  closed: {},
};

/** The state for the owner of the connection. */
export function reported(state: State, wasLive: boolean): RealtimeState {
  if (state === 'waiting' || state === 'connecting') {
    return wasLive ? 'reconnecting' : 'connecting';
  }
  return state === 'renewing' ? 'live' : state;
}
