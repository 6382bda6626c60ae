// The lint rule of web/lint: tables keyed by text from outside are Maps.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';

const REPOSITORY = join(import.meta.dirname, '..', '..', '..');

/** What the lint says of a file of the page with this content. */
function lint(content: string): string {
  const command = ['biome', 'lint', '--stdin-file-path=web/dashboard/src/planted.ts'];
  const { stdout, stderr } = spawnSync('npx', command, { cwd: REPOSITORY, input: content, encoding: 'utf8' });
  return stdout + stderr;
}

for (const [what, line] of [
  ['a table of all texts', 'export const LABELS: Record<string, string> = { complete: "done" };'],
  ['a table that may lack a text', 'export const LABELS: Readonly<Partial<Record<string, string>>> = {};'],
  ['an object that is looked into on the spot', 'export const label = (word: "a") => ({ a: "done" })[word];'],
] as const) {
  test(`the lint refuses ${what}`, () => assert.match(lint(line), /A table keyed by text from outside is a Map/));
}

test('the lint allows a table of words of our own, and a Map', () => {
  const lines = `export const OWN: Record<'a' | 'b', string> = { a: 'x', b: 'y' };
export const LABELS = new Map([['complete', 'done']]);
`;
  assert.doesNotMatch(lint(lines), /is a Map/);
});
