// The used tokens: a running total for each attempt, so that no token counts twice.

import type { JsonObject, TokenUsage } from '../types.ts';
import { clampedCount, isObject, WHOLE_NUMBER_MAX } from './numbers.ts';

/** Attempts whose usage can still grow; older ones are settled into one sum. */
const ATTEMPTS_KEPT = 8;

/** [input, output]. */
export type Tokens = readonly [number, number];

export interface Ledger {
  /** [attempt, input, output], ascending by attempt. */
  readonly attempts: readonly (readonly [number, number, number])[];
  /** Reports of this attempt and of older ones no longer count. */
  readonly settledThrough: number;
  readonly settled: Tokens;
}

export const NO_TOKENS: Tokens = [0, 0];
export const EMPTY_LEDGER: Ledger = { attempts: [], settledThrough: 0, settled: NO_TOKENS };

/** Over all attempts. */
export function totalOf(ledger: Ledger): Tokens {
  let [tokensIn, tokensOut] = ledger.settled;
  for (const [, attemptIn, attemptOut] of ledger.attempts) {
    tokensIn += attemptIn;
    tokensOut += attemptOut;
  }
  return [tokensIn, tokensOut];
}

/** The ledger with `usage` as a running total of `attempt`. */
export function reported(ledger: Ledger, attempt: number, usage: Tokens): Ledger {
  if (attempt <= ledger.settledThrough) {
    return ledger;
  }
  const known = new Map(ledger.attempts.map(([number, ...tokens]) => [number, tokens as Tokens]));
  const [beforeIn, beforeOut] = known.get(attempt) ?? NO_TOKENS;
  known.set(attempt, [Math.max(beforeIn, usage[0]), Math.max(beforeOut, usage[1])]);
  const numbers = [...known.keys()].sort((a, b) => a - b);
  let { settledThrough, settled } = ledger;
  if (numbers.length > ATTEMPTS_KEPT) {
    settledThrough = numbers.shift() as number;
    const oldest = known.get(settledThrough) as Tokens;
    settled = [settled[0] + oldest[0], settled[1] + oldest[1]];
  }
  return { attempts: numbers.map((number) => [number, ...(known.get(number) as Tokens)]), settledThrough, settled };
}

/** Rows of three integers, the settled sum first, as stored. */
export function ledgerFrom(rows: unknown): Ledger {
  if (!Array.isArray(rows) || rows.length === 0) {
    return EMPTY_LEDGER;
  }
  type Row = [number, number, number];
  const [settled, ...attempts] = rows as [Row, ...Row[]];
  return { attempts, settledThrough: settled[0], settled: [settled[1], settled[2]] };
}

/** `{"tokenUsage": {"inputTokens": 12, "outputTokens": 3}}`; null if there is no number. Of the two, one may be absent. */
export function usageIn(metadata: JsonObject): Tokens | null {
  const found = metadata.tokenUsage;
  if (!isObject(found)) {
    return null;
  }
  const tokensIn = clampedCount(found.inputTokens, WHOLE_NUMBER_MAX);
  const tokensOut = clampedCount(found.outputTokens, WHOLE_NUMBER_MAX);
  return tokensIn === null && tokensOut === null ? null : [tokensIn ?? 0, tokensOut ?? 0];
}

/** The schema's TokenUsage; null when no tokens were used. */
export function usageView([tokensIn, tokensOut]: Tokens): TokenUsage | null {
  if (tokensIn === 0 && tokensOut === 0) {
    return null;
  }
  return {
    inputTokens: Math.min(tokensIn, WHOLE_NUMBER_MAX),
    outputTokens: Math.min(tokensOut, WHOLE_NUMBER_MAX),
    totalTokens: Math.min(tokensIn + tokensOut, WHOLE_NUMBER_MAX),
  };
}
