// APPSYNC_JS's `util`, `extensions` and `runtime`. Written from the documentation; what is missing throws its own name.
(function () {
  "use strict";

  const { Stop, state, randomUint32, randomDouble, unimplemented, modules } = __appsync;

  // ---- text -------------------------------------------------------------------------------------------------------
  function utf8(text) {
    const bytes = [];
    for (const character of String(text)) {
      const point = character.codePointAt(0);
      if (point < 0x80) bytes.push(point);
      else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 63));
      else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
      else
        bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    }
    return bytes;
  }
  const fromUtf8 = (bytes) => decodeURIComponent(bytes.map((byte) => "%" + byte.toString(16).padStart(2, "0")).join(""));

  const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  function base64Encode(text) {
    const bytes = utf8(text);
    let encoded = "";
    for (let i = 0; i < bytes.length; i += 3) {
      const word = (bytes[i] << 16) | ((bytes[i + 1] || 0) << 8) | (bytes[i + 2] || 0);
      encoded += BASE64[word >> 18] + BASE64[(word >> 12) & 63];
      encoded += i + 1 < bytes.length ? BASE64[(word >> 6) & 63] : "=";
      encoded += i + 2 < bytes.length ? BASE64[word & 63] : "=";
    }
    return encoded;
  }
  function base64Decode(text) {
    const bytes = [];
    let word = 0;
    let bits = 0;
    for (const character of String(text).replace(/=+$/, "")) {
      const value = BASE64.indexOf(character);
      if (value < 0) throw new Error("util.base64Decode: the text is not base64");
      word = ((word << 6) | value) & 0xffffff;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        bytes.push((word >> bits) & 255);
      }
    }
    return fromUtf8(bytes);
  }
  // application/x-www-form-urlencoded, as Java's URLEncoder does it.
  const urlEncode = (text) =>
    encodeURIComponent(String(text))
      .replace(/[!'()~]/g, (character) => "%" + character.charCodeAt(0).toString(16).toUpperCase())
      .replace(/%20/g, "+");
  const urlDecode = (text) => decodeURIComponent(String(text).replace(/\+/g, "%20"));
  const ESCAPES = { "\b": "\\b", "\n": "\\n", "\t": "\\t", "\f": "\\f", "\r": "\\r" };
  const hex4 = (character) => "\\u" + character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  const escapeJavaScript = (text) =>
    String(text)
      .replace(/["'\\/]/g, "\\$&")
      .replace(/[\u0000-\u001f\u007f-\uffff]/g, (character) => ESCAPES[character] || hex4(character));
  // Java's Pattern.matches: the whole value.
  const matches = (pattern, value) => new RegExp(`^(?:${pattern})$`).test(value);

  // ---- identifiers ------------------------------------------------------------------------------------------------
  const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const KSUID_EPOCH_SECONDS = 1400000000;
  function autoId() {
    if (state.usedIds === state.ids.length) throw new Stop("need", { part: "ids" });
    state.usedIds += 1;
    return state.ids[state.usedIds - 1];
  }
  function autoUlid() {
    let time = state.now;
    let head = "";
    for (let i = 0; i < 10; i++) {
      head = CROCKFORD[time % 32] + head;
      time = Math.floor(time / 32);
    }
    let tail = "";
    for (let i = 0; i < 16; i++) tail += CROCKFORD[randomUint32() & 31];
    return head + tail;
  }
  function autoKsuid() {
    const words = [Math.floor(state.now / 1000) - KSUID_EPOCH_SECONDS];
    for (let i = 0; i < 4; i++) words.push(randomUint32());
    let text = "";
    for (let digit = 0; digit < 27; digit++) {
      let remainder = 0;
      for (let i = 0; i < words.length; i++) {
        const value = remainder * 4294967296 + words[i];
        words[i] = Math.floor(value / 62);
        remainder = value % 62;
      }
      text = BASE62[remainder] + text;
    }
    return text;
  }

  // ---- errors -----------------------------------------------------------------------------------------------------
  const problem = (message, errorType, data, errorInfo) => ({
    message: message === undefined || message === null ? null : String(message),
    errorType: errorType === undefined ? null : errorType,
    data: data === undefined ? null : data,
    errorInfo: errorInfo === undefined ? null : errorInfo,
  });

  // ---- subscription filters ---------------------------------------------------------------------------------------
  const cross = (left, right) => left.flatMap((one) => right.map((other) => [...one, ...other]));
  const rulesOf = (fieldName, operations) =>
    Object.entries(operations).map(([operator, value]) => ({ fieldName, operator, value }));
  // Disjunctive form: a list of alternatives, each a list of rules.
  function alternatives(filter, ignored) {
    let found = [[]];
    for (const [key, value] of Object.entries(filter)) {
      if (value === null || value === undefined || ignored.includes(key)) continue;
      const parts = Array.isArray(value) ? value : [value];
      if (key === "or") found = cross(found, parts.flatMap((part) => alternatives(part, ignored)));
      else if (key === "and") for (const part of parts) found = cross(found, alternatives(part, ignored));
      else found = cross(found, [rulesOf(key, value)]);
    }
    return found;
  }
  function toSubscriptionFilter(filter, ignoredFields, rules) {
    let found = alternatives(filter || {}, ignoredFields || []);
    // "at least one of the rules will be satisfied"
    const strict = Object.entries(rules || {}).flatMap(([field, operations]) => rulesOf(field, operations));
    if (strict.length) found = cross(found, strict.map((rule) => [rule]));
    return { filterGroup: found.filter((filters) => filters.length).map((filters) => ({ filters })) };
  }

  // ---- HTTP -------------------------------------------------------------------------------------------------------
  const RESTRICTED =
    "connection content-length expect host keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade".split(
      " ",
    );
  function copyHeaders(headers) {
    const copied = {};
    for (const [name, value] of Object.entries(headers)) if (!RESTRICTED.includes(name.toLowerCase())) copied[name] = value;
    return copied;
  }

  const util = {
    escapeJavaScript,
    urlEncode,
    urlDecode,
    base64Encode,
    base64Decode,
    matches,
    autoId,
    autoUlid,
    autoKsuid,
    authType: () => state.authType,
    error(message, errorType, data, errorInfo) {
      throw new Stop("error", problem(message, errorType, data, errorInfo));
    },
    appendError(message, errorType, data, errorInfo) {
      state.appended.push(problem(message, errorType, data, errorInfo));
    },
    unauthorized() {
      throw new Stop("error", problem(null, "Unauthorized"));
    },
    str: {
      toUpper: (text) => text.toUpperCase(),
      toLower: (text) => text.toLowerCase(),
      toReplace: (text, from, to) => text.split(from).join(to),
      normalize: (text, form) => text.normalize(form.toUpperCase()),
    },
    math: {
      roundNum: (value) => Math.round(value),
      minVal: (one, other) => Math.min(one, other),
      maxVal: (one, other) => Math.max(one, other),
      randomDouble,
      randomWithinRange: (start, end) => Math.floor(randomDouble() * (end - start)) + start,
    },
    http: {
      copyHeaders,
      addResponseHeader(name, value) {
        state.headers = Object.assign({}, state.headers, { [name]: value });
      },
      addResponseHeaders(headers) {
        state.headers = Object.assign({}, state.headers, headers);
      },
    },
    xml: {
      toMap: unimplemented("util.xml.toMap"),
      toJsonString: unimplemented("util.xml.toJsonString"),
    },
    rds: { toJsonObject: unimplemented("util.rds.toJsonObject") },
    transform: {
      toSubscriptionFilter,
      toElasticsearchQueryDSL: unimplemented("util.transform.toElasticsearchQueryDSL"),
    },
  };

  const runtime = {
    earlyReturn(value, options) {
      throw new Stop("early", { value: value === undefined ? null : value, skipTo: (options && options.skipTo) || null });
    },
  };

  const record = (name) => (value) => void state.extensions.push([name, value]);
  const extensions = {
    setSubscriptionFilter: record("setSubscriptionFilter"),
    setSubscriptionInvalidationFilter: record("setSubscriptionInvalidationFilter"),
    invalidateSubscriptions: record("invalidateSubscriptions"),
    // No resolver cache here, so there is nothing to evict.
    evictFromApiCache: (typeName, fieldName, keys) => void state.extensions.push(["evictFromApiCache", { typeName, fieldName, keys }]),
  };

  Object.assign(globalThis, { util, runtime, extensions });
  modules["@aws-appsync/utils"] = { util, runtime, extensions };
  const rds = {};
  for (const name of ["sql", "select", "insert", "update", "remove", "createPgStatement", "createMySQLStatement", "toJsonObject"])
    rds[name] = unimplemented(`@aws-appsync/utils/rds ${name}`);
  modules["@aws-appsync/utils/rds"] = rds;
})();
