// Bundled by esbuild into a page; Playwright calls startSubscription and reads statusEvents.
import { describe, subscribe } from './amplify-subscription.js';

globalThis.statusEvents = [];
globalThis.startSubscription = (config) => {
  const emit = (event) => globalThis.statusEvents.push(event);
  subscribe(config, emit).then(
    () => emit({ event: 'done' }),
    (error) => emit({ event: 'error', error: describe(error) }),
  );
};
