// What a connection says of itself, and what it wants done.

import type { StatusbeamError } from '../errors.ts';
import type { AuthHeaders } from './wire.ts';

export type RealtimeState = 'idle' | 'connecting' | 'live' | 'reconnecting' | 'closed';
export type RealtimeTimer = 'handshake' | 'starts' | 'silence' | 'reconnect' | 'renewal' | 'idle' | 'again';

export type RealtimeCommand =
  /** Answer with `authorized` or `unauthorizable`. `refused`: headers that were not taken, if any. */
  | { readonly type: 'authorize'; readonly ticket: number; readonly refused: AuthHeaders | null }
  | { readonly type: 'connect'; readonly link: number; readonly url: string; readonly protocols: string[] }
  | { readonly type: 'send'; readonly link: number; readonly text: string }
  | { readonly type: 'disconnect'; readonly link: number }
  /** `delay` null takes the timer back. */
  | { readonly type: 'timer'; readonly name: RealtimeTimer; readonly delay: number | null }
  | { readonly type: 'state'; readonly state: RealtimeState; readonly error: StatusbeamError | null }
  /** The subscription stands (again): what was missed until now must be read. */
  | { readonly type: 'started'; readonly key: string }
  | { readonly type: 'interrupted'; readonly key: string }
  | { readonly type: 'refused'; readonly key: string; readonly error: StatusbeamError }
  | { readonly type: 'data'; readonly key: string; readonly data: Readonly<Record<string, unknown>> };
