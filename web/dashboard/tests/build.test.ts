import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import test from 'node:test';
import { build } from 'vite';

const ROOT = join(import.meta.dirname, '..');

async function built(): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'statusbeam-page-'));
  try {
    await build({ root: ROOT, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
    return Object.fromEntries(
      files.map(({ parentPath, name }) => join(parentPath, name)).map((path) => [relative(folder, path), digest(path)])
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the page built twice, in two folders and at two times, is the same to the byte', async () => {
  const [once, again] = [await built(), await built()];
  assert.ok(Object.keys(once).includes('index.html'));
  assert.ok(Object.keys(once).length >= 5, Object.keys(once).join());
  assert.deepEqual(once, again);
});
