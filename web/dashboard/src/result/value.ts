// Chooses the form of a result: text, Markdown, links, lists, tables or names with values. Pure.

import type { JsonObject } from '../types.ts';

export type Shape =
  | { kind: 'text'; text: string; link: string | null }
  | { kind: 'markdown'; text: string }
  | { kind: 'list'; items: readonly unknown[] }
  | { kind: 'table'; columns: readonly string[]; rows: readonly JsonObject[] }
  | { kind: 'facts'; facts: readonly (readonly [string, unknown])[] };

/** A list of objects with more fields than this is no table. */
const MOST_COLUMNS = 8;

export function shapeOf(value: unknown): Shape {
  if (Array.isArray(value)) {
    const columns = columnsOf(value);
    return columns === null ? { kind: 'list', items: value } : { kind: 'table', columns, rows: value as JsonObject[] };
  }
  if (isObject(value)) {
    return { kind: 'facts', facts: Object.entries(value) };
  }
  if (typeof value === 'string' && isMarkdown(value)) {
    return { kind: 'markdown', text: value };
  }
  const text = value === null || value === '' ? '–' : String(value);
  return { kind: 'text', text, link: typeof value === 'string' ? linkIn(value) : null };
}

const MARKED_BLOCK = /^ {0,3}(?:#{1,6} +\S|```)/m;
// One such line alone may be a date, a number or a remark.
const MARKED_LINE = /^ {0,3}(?:[-*+] +\S|\d{1,9}[.)] +\S|> ?\S|\|.*\|)/gm;
const MARKED_WORDS = /\*\*\S(?:[^*\n]*\S)?\*\*|\[[^\]\n]+\]\(https?:[^)\s]+\)|`[^`\n]+`/i;

/** Whether to show a text as Markdown. Any other text keeps its spaces and line breaks. */
export const isMarkdown = (text: string): boolean =>
  MARKED_BLOCK.test(text) || MARKED_WORDS.test(text) || (text.match(MARKED_LINE)?.length ?? 0) > 1;

/** The address, if the whole text is one of the web: any other scheme could run code. */
export function linkIn(text: string): string | null {
  const url = /^https?:\/\/\S+$/i.test(text) ? URL.parse(text) : null;
  return url !== null && url.username === '' && url.password === '' ? url.href : null;
}

/** `slaHours` and `sla_hours` as "Sla hours", `notALink` as "Not a link". */
export function labelOf(name: string): string {
  const words = name
    .replaceAll(/[_-]+/g, ' ')
    .replaceAll(/(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/gu, ' ')
    .trim();
  return words === '' ? name : words.charAt(0).toUpperCase() + words.slice(1).toLowerCase();
}

/** How many bytes the result has that was too big for the log; null for any other result. */
export function spilledBytes(result: unknown): number | null {
  const spilled = isObject(result) && Object.keys(result).length === 1 ? result.spilled : null;
  return isObject(spilled) && typeof spilled.bytes === 'number' ? spilled.bytes : null;
}

function columnsOf(rows: readonly unknown[]): readonly string[] | null {
  if (rows.length === 0 || !rows.every((row) => isObject(row) && Object.values(row).every((cell) => !isNested(cell)))) {
    return null;
  }
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row as JsonObject)))];
  return columns.length > 0 && columns.length <= MOST_COLUMNS ? columns : null;
}

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

const isNested = (value: unknown): boolean => typeof value === 'object' && value !== null;
