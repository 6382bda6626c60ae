import appsync from './eslint-appsync.js';
import { guards } from './eslint-guards.js';

export default [...appsync, { plugins: { statusbeam: { rules: { guards } } }, rules: { 'statusbeam/guards': 'error' } }];
