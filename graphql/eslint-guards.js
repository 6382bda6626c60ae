import { posix } from 'node:path';

/**
 * The functions that guard the API's fields, by the one module that exports each.
 *
 * Synth reads which modules a bundle uses. This rule ensures that a bundle with a guard's module calls the guard: the module
 * exports nothing else, nothing else has the guard's name, and the guard is neither renamed nor passed as a value.
 */
const GUARDS = {
  viewer: 'viewer.js',
  canView: 'canView.js',
  requireOperator: 'requireOperator.js',
  setSubscriptionFilters: 'subscriptionFilters.js',
};

/** The guard's name, if the module is a guard's. */
const guardOf = (path) => Object.keys(GUARDS).find((name) => GUARDS[name] === posix.basename(path));

export const guards = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      alone: 'the module of the guard {{name}} exports nothing else',
      imported: '{{name}} is a guard: import it by its name',
      declared: '{{name}} is the name of a guard, which only its own module declares',
      called: '{{name}} is a guard: it can only be called',
      ctx: 'viewer takes the ctx of the handler',
    },
  },
  create(context) {
    const own = guardOf(context.filename.replaceAll('\\', '/'));
    const isOwn = (variable) => variable.name === own && variable.scope.type === 'module';

    const check = (variable) => {
      const name = variable.name;
      const definition = variable.defs[0];
      if (definition.type !== 'ImportBinding' || guardOf(definition.parent.source.value) !== name) {
        context.report({ node: definition.name, messageId: 'declared', data: { name } });
        return;
      }
      for (const { identifier } of variable.references) {
        const call = identifier.parent;
        if (call.type !== 'CallExpression' || call.callee !== identifier) {
          context.report({ node: identifier, messageId: 'called', data: { name } });
        } else if (name === 'viewer' && call.arguments[0]?.name !== 'ctx') {
          context.report({ node: call, messageId: 'ctx' });
        }
      }
    };

    return {
      'Program:exit'() {
        for (const { variables } of context.sourceCode.scopeManager.scopes) {
          for (const variable of variables.filter((found) => Object.hasOwn(GUARDS, found.name) && !isOwn(found))) {
            check(variable);
          }
        }
      },
      ImportDeclaration(node) {
        const name = guardOf(node.source.value);
        for (const specifier of name ? node.specifiers : []) {
          if (specifier.imported?.name !== name || specifier.local.name !== name) {
            context.report({ node: specifier, messageId: 'imported', data: { name } });
          }
        }
      },
      'ExportNamedDeclaration, ExportAllDeclaration'(node) {
        if (own && node.declaration?.id?.name !== own) {
          context.report({ node, messageId: 'alone', data: { name: own } });
        }
      },
    };
  },
};
