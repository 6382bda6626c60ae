import appsync from '@aws-appsync/eslint-plugin';

// The limits of APPSYNC_JS: AWS's own rules, then rules for the rest. They also serve resolvers of other stacks
// (docs/reference/limits.md, "Resolvers on localcloud").

const words = (text) => text.trim().split(/\s+/);

const MISSING_GLOBALS = words('BigInt Function Intl Map Promise Proxy Reflect RegExp Set Symbol WeakMap WeakSet eval');

const MISSING_FUNCTIONS = {
  Array: words('from of'),
  Object: words(`create defineProperty freeze fromEntries getOwnPropertyNames getPrototypeOf is isFrozen seal
    setPrototypeOf`),
  String: words('fromCharCode fromCodePoint raw'),
};

// AWS's rules need types, which arguments and items do not have. These rules go by name.
const MISSING_METHODS = words(`charCodeAt copyWithin localeCompare matchAll padEnd padStart repeat search
  setDate setFullYear setHours setMilliseconds setMinutes setMonth setSeconds setTime
  toLocaleDateString toLocaleLowerCase toLocaleString toLocaleTimeString toLocaleUpperCase`);
const TAKE_FUNCTIONS = words(`every filter find findIndex findLast findLastIndex flatMap forEach map reduce reduceRight
  some`);

const REFUSED_SYNTAX = {
  ThrowStatement: 'throw is not supported, use util.error',
  DebuggerStatement: 'debugger is not supported',
  WithStatement: 'with is not supported',
  "NewExpression[callee.name!='Date']": 'new can create only a Date',
  ExportDefaultDeclaration: 'AppSync calls named exports only',
  ImportDefaultSpecifier: 'modules have named exports only',
  'ImportDeclaration[source.value!=/^([.]{1,2}[/]|@aws-appsync[/]utils)/]': 'AppSync has only its own modules',
  'AssignmentExpression > MemberExpression.left[object.name=/^(ctx|context)$/]': 'the parts of ctx are read-only',
  [`CallExpression > MemberExpression.callee[property.name=/^(${MISSING_METHODS.join('|')})$/]`]: 'the method is not implemented',
  [`CallExpression:not([callee.property.name=/^(${TAKE_FUNCTIONS.join('|')})$/]) > :function.arguments`]:
    'the method takes no function',
};

export default [
  appsync.configs.recommended,
  {
    languageOptions: {
      // Recursion and passed functions are found by types: the folder needs a tsconfig.json.
      parserOptions: { projectService: true },
      globals: { console: 'readonly' },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-func-assign': 'error',
      'no-restricted-globals': ['error', ...MISSING_GLOBALS],
      'no-restricted-properties': [
        'error',
        ...Object.entries(MISSING_FUNCTIONS).flatMap(([object, names]) => names.map((property) => ({ object, property }))),
      ],
      'no-restricted-syntax': ['error', ...Object.entries(REFUSED_SYNTAX).map(([selector, message]) => ({ selector, message }))],
      'no-shadow': 'error',
      'no-undef': 'error',
    },
  },
];
