// What the tabs of a browser say to each other (tabs.ts).

import { type ErrorCode, StatusbeamError } from '../errors.ts';
import type { RealtimeState } from '../realtime/commands.ts';
import type { Operation } from '../realtime/wire.ts';

type ErrorFacts = { readonly code: ErrorCode; readonly message: string; readonly errorType: string | null };

export type Message =
  /** From any tab: all it wants. The leading tab answers. */
  | { readonly type: 'want'; readonly tab: string; readonly wishes: readonly (readonly [key: string, operation: Operation])[] }
  | Said;

/** What the leading tab says. */
export type Said =
  /** It leads from now on: nothing stands until it says so. */
  | { readonly type: 'lead' }
  /** Its answer to one tab. */
  | { readonly type: 'here'; readonly to: string; readonly standing: readonly string[]; readonly state: StateFacts }
  | { readonly type: 'started' | 'interrupted'; readonly key: string }
  | { readonly type: 'refused'; readonly key: string; readonly error: ErrorFacts }
  | { readonly type: 'data'; readonly key: string; readonly data: Readonly<Record<string, unknown>> }
  | { readonly type: 'state'; readonly state: StateFacts };

export interface StateFacts {
  readonly state: RealtimeState;
  readonly error: ErrorFacts | null;
}

/** Errors don't pass through a channel as what they are. */
export function factsOf(error: StatusbeamError): ErrorFacts {
  return { code: error.code, message: error.message, errorType: error.errorType };
}

export function errorFrom(facts: ErrorFacts): StatusbeamError;
export function errorFrom(facts: ErrorFacts | null): StatusbeamError | null;
export function errorFrom(facts: ErrorFacts | null): StatusbeamError | null {
  return facts === null ? null : new StatusbeamError(facts.code, facts.message, facts.errorType);
}
