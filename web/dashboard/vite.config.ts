import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Fetch the font with the page, not after its styles, so that it is loaded before the first text is rendered. */
const preloadFont: Plugin = {
  name: 'preload-font',
  transformIndexHtml: {
    order: 'post',
    handler(_, { bundle }) {
      return Object.keys(bundle ?? {})
        .filter((file) => file.endsWith('.woff2'))
        .map((file) => ({
          tag: 'link',
          attrs: { rel: 'preload', href: `./${file}`, as: 'font', type: 'font/woff2', crossorigin: '' },
          injectTo: 'head-prepend' as const,
        }));
    },
  },
};

export default defineConfig({
  base: './', // served from any folder
  plugins: [react(), preloadFont],
  resolve: { conditions: ['@statusbeam/source', 'module', 'browser', 'development|production'] },
  build: {
    target: ['chrome123', 'firefox125', 'safari17.5'], // light-dark(), popover
    assetsInlineLimit: 0, // the page's policy allows no data: fonts
    sourcemap: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
