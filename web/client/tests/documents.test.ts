// What the documentation shows of the library is typed and bundled, against the package in a project of its own.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { build } from 'vite';
import { CLIENT, REPOSITORY, TSC, unpackedProject } from './unpackedProject.ts';

const DOCS = join(REPOSITORY, 'docs');
const PACKAGES = ['react', 'react-dom', 'scheduler', 'vite', '@vitejs', '@types'];
/** What the pages' prose speaks of; tests/e2e/test_amplify_recipe.py runs the blocks for plain Amplify. */
const GIVEN = `declare module 'aws-amplify/auth' {
  export function fetchAuthSession(): Promise<any>;
}
declare const idToken: string;
declare const url: string;
declare function render(...values: unknown[]): void;
`;
const COMPILER_OPTIONS = {
  target: 'es2022',
  module: 'nodenext',
  lib: ['es2022', 'dom'],
  jsx: 'react-jsx',
  allowJs: true,
  checkJs: true,
  noImplicitAny: false, // the pages' components are JavaScript
  noEmit: true,
  types: [],
};

interface Block {
  language: string;
  file: string | undefined;
  code: string;
}

function blocks(page: string): Block[] {
  const found = readFileSync(page, 'utf8').matchAll(/^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$/gms);
  return [...found].map(([, language = '', file, code = '']) => ({ language, file, code }));
}

test('the blocks for pages fit the types of the package', (t) => {
  const folder = unpackedProject(PACKAGES);
  t.after(() => rmSync(folder, { recursive: true }));
  const shown = ['docs/how-to/web.md', 'web/client/README.md']
    .flatMap((page) => blocks(join(REPOSITORY, page)))
    .filter(({ language, code }) => ['js', 'jsx'].includes(language) && !code.includes('aws-amplify/api'))
    .filter(({ code }) => code.includes('@statusbeam/client'));
  assert.ok(shown.length >= 3);
  for (const [number, { code }] of shown.entries()) {
    writeFileSync(join(folder, `block${number}.jsx`), code);
  }
  writeFileSync(join(folder, 'given.d.ts'), GIVEN);
  const project = { compilerOptions: COMPILER_OPTIONS, include: ['*.jsx', '*.d.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project));
  execFileSync(process.execPath, [TSC, '-p', folder], { stdio: 'inherit' });
});

test('the React tutorial builds unchanged', async (t) => {
  const folder = unpackedProject(PACKAGES);
  t.after(() => rmSync(folder, { recursive: true }));
  for (const { file, code } of blocks(join(DOCS, 'tutorials', 'react-page.md'))) {
    if (file !== undefined) {
      writeFileSync(join(folder, file), code);
    }
  }
  await build({ root: folder, logLevel: 'error' });
  const [script = ''] = readdirSync(join(folder, 'dist', 'assets'));
  assert.match(readFileSync(join(folder, 'dist', 'assets', script), 'utf8'), /start_ack/);
});

test('the element takes the attributes that the pages show', () => {
  const source = readFileSync(join(CLIENT, 'src', 'element', 'index.ts'), 'utf8');
  const [, tag = ''] = /<job-status ([^>]+)>/.exec(readFileSync(join(DOCS, 'how-to', 'web.md'), 'utf8')) ?? [];
  const attributes = [...tag.matchAll(/([\w-]+)=/g)].map(([, name]) => name);
  assert.ok(attributes.length > 2);
  assert.deepEqual(
    attributes.filter((name) => !source.includes(`'${name}'`)),
    []
  );
});
