// Numbers, times and texts of the fold. They are integers inside, so that Python and TypeScript agree to the last digit.

import type { JsonObject } from '../types.ts';

/** 100 %, in thousandths of a percent. */
export const FULL = 100_000;
/** The most progress that a plan can show. Only the job's final status makes it 100 %. */
export const ALMOST = 99_000;
/** The weight 1, in thousandths. */
export const WEIGHT = 1_000;
export const WEIGHT_MAX = 1_000_000;
export const WHOLE_NUMBER_MAX = 2_147_483_647;
export const SECONDS_MAX = 31_536_000;
export const TEXT_LENGTH = 128;
/** The years 1 to 9999: no time is earlier or later than that. */
export const FIRST_MS = -62_135_596_800_000;
export const LAST_MS = 253_402_300_799_999;

/** Epoch milliseconds of a timestamp. */
export function msOf(time: string | null | undefined): number | null {
  return time == null ? null : Date.parse(time);
}

/** Epoch milliseconds of a value in metadata; null unless it is a time exactly as the API writes it. */
export function msIn(value: unknown): number | null {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return ms >= FIRST_MS && ms <= LAST_MS && timeOf(ms) === value ? ms : null;
}

/** A timestamp, as the API writes it. */
export function timeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** A percentage in thousandths, FULL = 100 %. */
export function shareOf(percent: number): number {
  return Math.min(FULL, Math.floor(percent * 1000 + 0.5));
}

export function percentOf(share: number | null): number | null {
  return share === null ? null : share / 1000;
}

/** Division that rounds down, exact for whole numbers from 0 up to 2^53. */
export function floorDivided(dividend: number, divisor: number): number {
  return (dividend - (dividend % divisor)) / divisor;
}

/** The number, clamped to 0 to `highest`; null for any other value. */
export function clamped(value: unknown, highest: number): number | null {
  return typeof value === 'number' ? Math.min(Math.max(0, value), highest) : null;
}

/** The same as a whole number, rounded down. */
export function clampedCount(value: unknown, highest: number): number | null {
  const number = clamped(value, highest);
  return number === null ? null : Math.trunc(number);
}

/** `value` if it is text of 1 to `longest` characters (code points), else null. */
export function shortText(value: unknown, longest = TEXT_LENGTH): string | null {
  const text = cut(value, longest);
  return text === value ? text : null;
}

/** `value` if it is text and not empty, else null; cut at `longest` code points, with an ellipsis. */
export function cut(value: unknown, longest: number): string | null {
  if (typeof value !== 'string' || value === '') {
    return null;
  }
  if (value.length <= longest) {
    return value;
  }
  const characters = Array.from(value);
  return characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : value;
}

/** Sorts texts by code point, as Python does; JavaScript's `<` compares UTF-16 units. */
export function compareText(one: string, other: string): number {
  const shorter = Math.min(one.length, other.length);
  for (let i = 0; i < shorter; i += 1) {
    const [a, b] = [one.charCodeAt(i), other.charCodeAt(i)];
    if (a !== b) {
      // a surrogate begins a code point that is above all others
      return isSurrogate(a) === isSurrogate(b) ? a - b : isSurrogate(a) ? 1 : -1;
    }
  }
  return one.length - other.length;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON object, from the object or its text; null for anything else. */
export function jsonObject(value: unknown): JsonObject | null {
  if (typeof value === 'string') {
    return jsonObject(jsonValue(value)); // AWSJSON may be quoted once too often
  }
  return isObject(value) ? value : null;
}

/** The value of a JSON text; null for any other text. */
export function jsonValue(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
