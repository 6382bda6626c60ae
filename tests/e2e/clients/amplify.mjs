import { describe, subscribe } from './amplify-subscription.js';
import { run } from './door.js';

await run(subscribe, describe);
