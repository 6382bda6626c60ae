// Bundles each resolver and each function of a pipeline with the modules it imports: AppSync takes one file of code.
//
//   node build.ts [<folder of sources> <folder of bundles>]
//
// manifest.json names the modules that each bundle uses and the digests of the sources, for the synth.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

const [sources = 'resolvers', bundles = 'dist'] = process.argv.slice(2);
const from = resolve(import.meta.dirname, sources);
const to = resolve(import.meta.dirname, bundles);

const digest = (file: string) =>
  createHash('sha256')
    .update(readFileSync(join(from, file)))
    .digest('hex');
const files = readdirSync(from, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
// AppSync runs the files of the folder itself. Its folders hold the modules that they share.
const entryPoints = files.filter((file) => file === basename(file));

// Modules have no side effects, so a bundle has only the used parts of a module.
const noSideEffects: Plugin = {
  name: 'no side effects',
  setup({ onResolve }) {
    onResolve({ filter: /^@aws-appsync\/utils/ }, ({ path }) => ({ path, external: true, sideEffects: false }));
    onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => ({ path: join(resolveDir, path), sideEffects: false }));
  },
};

// With AppSync's documented options. Paths in the bundles are relative, so that each machine builds the same bytes.
const { outputFiles, metafile } = await build({
  absWorkingDir: from,
  entryPoints,
  outdir: to,
  bundle: true,
  target: 'esnext',
  platform: 'node',
  format: 'esm',
  plugins: [noSideEffects],
  metafile: true,
  write: false,
  logLevel: 'warning',
});

// Tree shaking leaves out modules whose exports no handler uses.
const used: Record<string, string[]> = {};
for (const { entryPoint, inputs } of Object.values(metafile.outputs)) {
  if (entryPoint) {
    used[basename(entryPoint, '.js')] = Object.keys(inputs).filter((input) => (inputs[input]?.bytesInOutput ?? 0) > 0);
  }
}

// The manifest is deleted first and written last, so that a synth in between finds no manifest.
rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
for (const { path, contents } of outputFiles) {
  writeFileSync(path, contents);
}
const manifest = { sources: Object.fromEntries(files.sort().map((file) => [file, digest(file)])), modules: used };
writeFileSync(join(to, 'manifest.json'), JSON.stringify(manifest, null, 2));
