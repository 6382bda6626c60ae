// The messages between the tabs of a browser (index.ts).

import type { SubscriptionKey } from '../client/keys.ts';
import { type ErrorCode, StatusbeamError } from '../errors.ts';
import type { RealtimeState } from '../realtime/commands.ts';
import type { Operation } from '../realtime/protocol.ts';

type ErrorFacts = { readonly code: ErrorCode; readonly message: string; readonly errorType: string | null };

export type TabMessage =
  /** From any tab: all subscriptions that it wants. The leader answers with `subscribed`. */
  | {
      readonly type: 'want';
      readonly tab: string;
      readonly wanted: readonly (readonly [key: SubscriptionKey, operation: Operation])[];
    }
  | LeaderMessage;

export type LeaderMessage =
  /** A tab became the leader. Subscriptions count as live only after its report. */
  | { readonly type: 'elected' }
  /** The answer to one tab. */
  | { readonly type: 'subscribed'; readonly to: string; readonly keys: readonly SubscriptionKey[]; readonly state: StateFacts }
  | { readonly type: 'started' | 'interrupted'; readonly key: SubscriptionKey }
  | { readonly type: 'refused'; readonly key: SubscriptionKey; readonly error: ErrorFacts }
  | { readonly type: 'data'; readonly key: SubscriptionKey; readonly data: Readonly<Record<string, unknown>> }
  | { readonly type: 'state'; readonly state: StateFacts };

export interface StateFacts {
  readonly state: RealtimeState;
  readonly error: ErrorFacts | null;
}

/** The fields of an error, because a channel drops classes. */
export function factsOf(error: StatusbeamError): ErrorFacts {
  return { code: error.code, message: error.message, errorType: error.errorType };
}

export function errorFrom(facts: ErrorFacts): StatusbeamError;
export function errorFrom(facts: ErrorFacts | null): StatusbeamError | null;
export function errorFrom(facts: ErrorFacts | null): StatusbeamError | null {
  return facts === null ? null : new StatusbeamError(facts.code, facts.message, facts.errorType);
}
