// The commands of a connection, for the runner to carry out.

import type { StatusbeamError } from '../errors.ts';
import type { AuthHeaders } from './protocol.ts';

/** The state of the connection for its owner. */
export type RealtimeState = 'idle' | 'connecting' | 'live' | 'reconnecting' | 'closed';

export type RealtimeTimer =
  | 'answer' // connection_ack, or start_ack
  | 'silence' // the next frame of any kind
  | 'retry' // the end of the pause after a failure
  | 'renewal' // the age at which the link is replaced
  | 'idle'; // the end of the time that a socket without subscriptions is kept

export type RealtimeCommand<Key extends string = string> =
  /** Answer with `authorized` or `unauthorizable`. `refused`: the headers that the service refused, if any. */
  | { readonly type: 'authorize'; readonly ticket: number; readonly refused: AuthHeaders | null }
  | { readonly type: 'connect'; readonly link: number; readonly url: string; readonly protocols: string[] }
  | { readonly type: 'send'; readonly link: number; readonly text: string }
  | { readonly type: 'disconnect'; readonly link: number }
  /** `delay` null stops the timer. */
  | { readonly type: 'timer'; readonly name: RealtimeTimer; readonly delay: number | null }
  | { readonly type: 'state'; readonly state: RealtimeState; readonly error: StatusbeamError | null }
  /** The subscription is live, first or again, so the owner must read the statuses published before. */
  | { readonly type: 'started'; readonly key: Key }
  | { readonly type: 'interrupted'; readonly key: Key }
  | { readonly type: 'refused'; readonly key: Key; readonly error: StatusbeamError }
  | { readonly type: 'data'; readonly key: Key; readonly data: Readonly<Record<string, unknown>> };
