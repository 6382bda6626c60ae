// Builds dist/: ES modules that share their chunks, the one-file custom element, and the types.
// Equal sources give equal bytes. Prints the compressed size of each file, and fails if one exceeds its budget.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build, type InlineConfig } from 'vite';

const HERE = import.meta.dirname;
const DIST = join(HERE, 'dist');

/** The most bytes of each file after gzip, with all its imports except React. */
const BUDGETS = {
  'index.js': 20_000,
  'lists.js': 3_300,
  'react.js': 3_800, // with the lists, for their hooks; a bundler leaves them out of pages that do not use them
  'tabs.js': 2_000,
  'element.js': 23_500,
  'job-status.js': 23_500,
};
/** The optional files, whose budgets do not include the client, because the page already has it. */
const OPTIONAL = new Set(['lists.js', 'react.js', 'tabs.js']);

const common: InlineConfig = { root: HERE, configFile: false, logLevel: 'warn' };

/** Tells frameworks that also render on a server that hooks run in the browser only. */
const postBanner = ({ name }: { name: string }) => (name === 'react' ? "'use client';" : '');

async function buildAll(): Promise<void> {
  rmSync(DIST, { recursive: true, force: true });
  const entry = {
    index: 'src/index.ts',
    react: 'src/react/index.ts',
    lists: 'src/lists/index.ts',
    tabs: 'src/tabs/index.ts',
    element: 'src/element/index.ts',
  };
  await build({
    ...common,
    build: {
      target: 'es2022',
      sourcemap: true,
      lib: { entry, formats: ['es'] },
      rolldownOptions: {
        external: ['react'],
        output: {
          chunkFileNames: '[name].js',
          codeSplitting: { groups: [{ name: 'client', test: /src\/(client|fold|join|realtime|errors|timing)\b/ }] },
          minify: true,
          comments: false,
          postBanner,
        },
      },
    },
  });
  await build({
    ...common,
    build: {
      target: 'es2022',
      emptyOutDir: false,
      lib: { entry: 'src/element/index.ts', formats: ['iife'], name: 'statusbeam', fileName: () => 'job-status.js' },
    },
  });
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', join(HERE, 'tsconfig.types.json')], { stdio: 'inherit' });
}

/** The file and all its imports, as one text. */
function withImports(name: string, seen = new Set<string>()): string {
  if (seen.has(name)) {
    return '';
  }
  seen.add(name);
  const text = readFileSync(join(DIST, name), 'utf8').replace(/\n\/\/# sourceMappingURL=.*/, '');
  const imports = [...text.matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g)].map(([, file]) => file as string);
  return text + imports.map((file) => withImports(file, seen)).join('');
}

const CLIENT = ['index.js', 'client.js'];

function printSizes(): boolean {
  let fits = true;
  for (const [name, budget] of Object.entries(BUDGETS)) {
    const text = withImports(name, new Set(OPTIONAL.has(name) ? CLIENT : []));
    const gzip = gzipSync(text, { level: 9 }).length;
    fits &&= gzip <= budget;
    console.log(
      `${name}: gzip=${gzip} bytes, brotli=${brotliCompressSync(text).length} bytes, budget=${budget} bytes${gzip > budget ? ' EXCEEDED' : ''}`
    );
  }
  return fits;
}

if (!process.argv.includes('--size') || !existsSync(DIST)) {
  await buildAll();
}
process.exitCode = printSizes() ? 0 : 1;
