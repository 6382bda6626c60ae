// node bundle.mjs <output file>: amplify-browser.js with all it imports, as one classic script.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

await build({
  entryPoints: [fileURLToPath(new URL('amplify-browser.js', import.meta.url))],
  outfile: process.argv[2],
  bundle: true,
  format: 'iife',
  platform: 'browser',
  define: { global: 'globalThis' },
  logLevel: 'warning',
});
