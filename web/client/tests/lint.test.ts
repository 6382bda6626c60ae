// The lint rule of web/lint: tables keyed by text from outside are Maps.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

const REPOSITORY = join(import.meta.dirname, '..', '..', '..');

const REFUSED = [
  'export const LABELS: Record<string, string> = { complete: "done" };',
  'export const LABELS: Readonly<Partial<Record<string, string>>> = {};',
  'export const label = (word: "a") => ({ a: "done" })[word];',
];
const ALLOWED = [
  "export const OWN: Record<'a' | 'b', string> = { a: 'x', b: 'y' };",
  "export const LABELS = new Map([['complete', 'done']]);",
  'export const sizes = (names: string[]): Record<string, number> => Object.fromEntries(names.map((name) => [name, 1]));',
];

test('the lint refuses objects as tables, and allows Maps and tables of words of our own', (t) => {
  const folder = mkdtempSync(join(REPOSITORY, 'web', 'planted-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [index, line] of [...REFUSED, ...ALLOWED].entries()) {
    writeFileSync(join(folder, `planted-${index}.ts`), `${line}\n`);
  }
  const { stdout } = spawnSync('npx', ['biome', 'lint', '--reporter=github', folder], { cwd: REPOSITORY, encoding: 'utf8' });
  const found = stdout.split('\n').filter((line) => line.includes('is a Map'));
  const files = found.map((line) => /planted-(\d+)\.ts/.exec(line)?.[1]);
  assert.deepEqual(files.sort(), ['0', '1', '2'], stdout);
});
