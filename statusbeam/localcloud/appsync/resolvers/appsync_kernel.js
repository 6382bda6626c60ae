// What stands between Python and the resolvers: keeps one evaluation's state, builds `ctx`, runs a handler and answers
// with JSON. Loaded first; appsync_utils.js and appsync_dynamodb.js register themselves with `__appsync`.
(function () {
  "use strict";

  const RealDate = Date;
  // Restores what AppSync offers and this engine lacks.
  if (!Object.hasOwn) Object.hasOwn = (object, key) => Object.prototype.hasOwnProperty.call(object, key);
  const lastIndex = (list, test) => {
    for (let i = list.length - 1; i >= 0; i--) if (test(list[i], i, list)) return i;
    return -1;
  };
  const define = (target, name, value) =>
    name in target || Object.defineProperty(target, name, { value, writable: true, configurable: true });
  define(Array.prototype, "findLastIndex", function (test) {
    return lastIndex(this, test);
  });
  define(Array.prototype, "findLast", function (test) {
    return this[lastIndex(this, test)];
  });
  const at = function (index) {
    return this[index < 0 ? this.length + Math.trunc(index) : Math.trunc(index)];
  };
  define(Array.prototype, "at", at);
  define(String.prototype, "at", at);

  // Thrown to leave a handler. Resolver code does not catch it: the lint of APPSYNC_JS refuses `try`.
  function Stop(kind, fields) {
    this.kind = kind;
    this.fields = fields;
  }

  const state = { now: 0, authType: "", ids: [], usedIds: 0, appended: [], extensions: [], headers: null, logs: [] };
  const modules = Object.create(null);
  const handlers = [];

  // xoshiro128**: seeded from Python, so that a seeded runtime repeats itself.
  const seeds = new Uint32Array([1, 2, 3, 4]);
  const rotate = (value, bits) => ((value << bits) | (value >>> (32 - bits))) >>> 0;
  function randomUint32() {
    const answer = Math.imul(rotate(Math.imul(seeds[1], 5), 7), 9) >>> 0;
    const shifted = seeds[1] << 9;
    seeds[2] ^= seeds[0];
    seeds[3] ^= seeds[1];
    seeds[1] ^= seeds[2];
    seeds[0] ^= seeds[3];
    seeds[2] ^= shifted;
    seeds[3] = rotate(seeds[3], 11);
    return answer;
  }
  const randomDouble = () => (randomUint32() >>> 5) * 2 ** -27 + (randomUint32() >>> 6) * 2 ** -53;
  Math.random = randomDouble;

  // Time comes in with each evaluation.
  globalThis.Date = class Date extends RealDate {
    constructor(...values) {
      if (values.length === 0) super(state.now);
      else super(...values);
    }
    static now() {
      return state.now;
    }
  };

  const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  const log =
    (level) =>
    (...values) =>
      void state.logs.push([level, values.map(shown).join(" ")]);
  globalThis.console = { log: log("INFO"), error: log("ERROR") };
  for (const name of ["eval", "Function", "Promise", "Proxy", "Reflect", "setTimeout"]) delete globalThis[name];

  const NOT_SENT = "?";
  const parse = (text) => (text === "" ? null : JSON.parse(text));

  // Some parts are not even sent until a module has asked for them once: then the evaluation ends in a Stop, Python
  // runs it again with the part, and remembers. What every handler looks at is parsed at once; getters cost more.
  function makeContext(parts, stash, result) {
    const args = JSON.parse(parts.args);
    const error = parts.error === "" ? undefined : JSON.parse(parts.error);
    const sent = (part, otherwise) => {
      if (parts[part] === NOT_SENT) throw new Stop("need", { part });
      if (typeof parts[part] === "string") parts[part] = parse(parts[part]) || otherwise;
      return parts[part];
    };
    return {
      arguments: args,
      args,
      stash,
      prev: parse(parts.prev),
      result,
      error,
      get identity() {
        return sent("identity", null);
      },
      get source() {
        return sent("source", null);
      },
      get request() {
        return sent("request", { headers: {}, domainName: null });
      },
      get info() {
        return sent("info", {});
      },
      get env() {
        return sent("env", {});
      },
    };
  }

  function failure(thrown) {
    if (thrown instanceof Stop) return { stop: thrown.kind, fields: thrown.fields };
    if (thrown instanceof Error) {
      return { stop: "code", fields: { message: `${thrown.name}: ${thrown.message}`, stack: thrown.stack || "" } };
    }
    return { stop: "code", fields: { message: String(thrown), stack: "" } };
  }

  function evaluate(work, stash) {
    let answer;
    try {
      answer = { value: work() };
    } catch (thrown) {
      answer = failure(thrown);
    }
    if (stash !== null) answer.stash = stash;
    if (state.usedIds) answer.usedIds = state.usedIds;
    if (state.appended.length) answer.appended = state.appended;
    if (state.extensions.length) answer.extensions = state.extensions;
    if (state.headers !== null) answer.headers = state.headers;
    if (state.logs.length) answer.logs = state.logs;
    return JSON.stringify(answer);
  }

  // What crosses from the request handler to the response handler crosses as JSON. Arguments came as JSON just now.
  function crossed(value, args) {
    if (value === undefined || value === null || typeof value !== "object") return value === undefined ? null : value;
    if (value === args || Object.values(args).includes(value)) return value;
    return JSON.parse(JSON.stringify(value));
  }

  function begin(now, ids, authType) {
    state.now = now;
    state.authType = authType;
    state.ids = ids === "" ? [] : ids.split(" ");
    state.usedIds = 0;
    state.headers = null;
    if (state.appended.length) state.appended = [];
    if (state.extensions.length) state.extensions = [];
    if (state.logs.length) state.logs = [];
  }

  globalThis.__appsync = {
    Stop,
    state,
    modules,
    randomUint32,
    randomDouble,
    seed(a, b, c, d) {
      seeds.set([a, b, c, d]);
    },
    // A module of AppSync's that only names itself when used.
    unimplemented(path) {
      return () => {
        throw new Error(`${path} is not implemented by localcloud`);
      };
    },
    importModule(name) {
      return modules[name];
    },
    load(factory) {
      handlers.push(factory(globalThis.__appsync.importModule));
      return handlers.length - 1;
    },
    run(index, phase, now, ids, authType, args, identity, info, request, source, env, stash, prev, result, error) {
      begin(now, ids, authType);
      const shared = parse(stash) || {};
      const parts = { args, identity, info, request, source, env, prev, error };
      return evaluate(() => handlers[index][phase](makeContext(parts, shared, parse(result))), shared);
    },
    // A unit resolver on a NONE source in one crossing: the payload becomes the result. Nobody sees its stash.
    runLocal(index, now, ids, authType, args, identity, info, request, source, env) {
      begin(now, ids, authType);
      const { request: ask, response: answer } = handlers[index];
      const parts = { args, identity, info, request, source, env, prev: "", error: "" };
      return evaluate(() => {
        const asking = makeContext(parts, {}, null);
        const asked = ask(asking);
        const payload = crossed(asked === undefined || asked === null ? null : asked.payload, asking.args);
        return answer(makeContext(parts, crossed(asking.stash, asking.args), payload));
      }, null);
    },
  };
})();
