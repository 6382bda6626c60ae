// `util.dynamodb`, the expression builders of `util.transform`, and the module '@aws-appsync/utils/dynamodb'.
(function () {
  "use strict";

  const { modules, unimplemented } = __appsync;
  const absent = (value) => value === undefined || value === null;

  // ---- values -----------------------------------------------------------------------------------------------------
  // Sets have no form of their own in JavaScript: the module's toStringSet & co. mark what is typed already.
  const TYPED = Symbol("typed");
  const typedSet = (tag) => (list) => ({ [tag]: list, [TYPED]: true });
  function toDynamoDB(value) {
    if (absent(value)) return { NULL: null };
    if (value[TYPED]) return value;
    if (typeof value === "string") return { S: value };
    if (typeof value === "number") return { N: value };
    if (typeof value === "boolean") return { BOOL: value };
    if (Array.isArray(value)) return { L: value.map(toDynamoDB) };
    if (typeof value === "object") return { M: toMapValues(value) };
    throw new Error(`util.dynamodb.toDynamoDB: a ${typeof value} cannot be stored`);
  }
  function toMapValues(map) {
    const values = {};
    for (const [key, value] of Object.entries(map)) if (value !== undefined) values[key] = toDynamoDB(value);
    return values;
  }
  const tagged = (tag) => (value) => (absent(value) ? null : { [tag]: value });
  util.dynamodb = {
    toDynamoDB,
    toMapValues,
    toString: tagged("S"),
    toStringSet: tagged("SS"),
    toNumber: tagged("N"),
    toNumberSet: tagged("NS"),
    toBinary: tagged("B"),
    toBinarySet: tagged("BS"),
    toBoolean: tagged("BOOL"),
    toNull: () => ({ NULL: null }),
    toList: (list) => (absent(list) ? null : { L: list.map(toDynamoDB) }),
    toMap: (map) => (absent(map) ? null : { M: toMapValues(map) }),
    toS3Object: (key, bucket, region, version) => ({ S: JSON.stringify({ s3: { key, bucket, region, version } }) }),
    fromS3ObjectJson: unimplemented("util.dynamodb.fromS3ObjectJson"),
  };

  // ---- filter and condition expressions -----------------------------------------------------------------------------
  const COMPARISONS = { eq: "=", ne: "<>", lt: "<", le: "<=", gt: ">", ge: ">=" };
  const TYPES = {
    _null: "NULL",
    string: "S",
    stringSet: "SS",
    number: "N",
    numberSet: "NS",
    binary: "B",
    binarySet: "BS",
    boolean: "BOOL",
    list: "L",
    map: "M",
  };

  function expressionBuilder() {
    const names = {};
    const values = {};
    const placeholder = (part) => part.replace(/[^A-Za-z0-9_]/g, "_");
    const nameOf = (path) =>
      path
        .split(".")
        .map((part) => {
          const name = `#${placeholder(part)}`;
          names[name] = part;
          return name;
        })
        .join(".");
    const valueOf = (path, operator, value) => {
      const stem = `:${placeholder(path)}_${operator}`;
      let name = stem;
      for (let copy = 1; Object.hasOwn(values, name); copy++) name = `${stem}_${copy}`;
      values[name] = toDynamoDB(value);
      return name;
    };

    function operation(path, operator, value) {
      const name = nameOf(path);
      if (Object.hasOwn(COMPARISONS, operator)) return `${name} ${COMPARISONS[operator]} ${valueOf(path, operator, value)}`;
      switch (operator) {
        case "contains":
          return `contains(${name},${valueOf(path, operator, value)})`;
        case "notContains":
          return `NOT contains(${name},${valueOf(path, operator, value)})`;
        case "beginsWith":
          return `begins_with(${name},${valueOf(path, operator, value)})`;
        case "between":
          return `${name} BETWEEN ${valueOf(path, "between_1", value[0])} AND ${valueOf(path, "between_2", value[1])}`;
        case "in":
          return `${name} IN (${value.map((one) => valueOf(path, "in", one)).join(", ")})`;
        case "attributeExists":
          return value ? `attribute_exists(${name})` : `attribute_not_exists(${name})`;
        case "attributeType":
          return `attribute_type(${name},${valueOf(path, operator, TYPES[value] || value)})`;
        case "size":
          return sizes(path, value);
        default:
          throw new Error(`the DynamoDB filter operator ${operator} is not supported`);
      }
    }
    function sizes(path, operations) {
      const parts = Object.entries(operations).map(([operator, value]) => {
        if (operator === "between")
          return `size(${nameOf(path)}) BETWEEN ${valueOf(path, "size_1", value[0])} AND ${valueOf(path, "size_2", value[1])}`;
        if (!Object.hasOwn(COMPARISONS, operator)) throw new Error(`the DynamoDB filter operator size ${operator} is not supported`);
        return `size(${nameOf(path)}) ${COMPARISONS[operator]} ${valueOf(path, `size_${operator}`, value)}`;
      });
      return parts.join(" AND ");
    }
    const joined = (parts, word) => {
      const kept = parts.filter((part) => part !== "");
      return kept.length > 1 ? kept.map((part) => `(${part})`).join(` ${word} `) : kept.join("");
    };
    function group(filter) {
      const parts = [];
      for (const [key, value] of Object.entries(filter)) {
        if (absent(value)) continue;
        const members = Array.isArray(value) ? value : [value];
        if (key === "and") parts.push(joined(members.map(group), "AND"));
        else if (key === "or") parts.push(joined(members.map(group), "OR"));
        else if (key === "not") parts.push(`NOT (${group(value)})`);
        else for (const [operator, operand] of Object.entries(value)) parts.push(operation(key, operator, operand));
      }
      return joined(parts, "AND");
    }
    return { group, nameOf, valueOf, names, values };
  }

  function toExpression(filter) {
    const builder = expressionBuilder();
    const expression = builder.group(filter);
    const built = { expression, expressionNames: builder.names };
    if (Object.keys(builder.values).length) built.expressionValues = builder.values;
    return built;
  }
  util.transform.toDynamoDBFilterExpression = (filter) => JSON.stringify(toExpression(filter));
  util.transform.toDynamoDBConditionExpression = (filter) => JSON.stringify(toExpression(filter));

  function projectionOf(paths) {
    const builder = expressionBuilder();
    const expression = paths.map(builder.nameOf).join(", ");
    return { expression, expressionNames: builder.names };
  }

  // ---- updates ----------------------------------------------------------------------------------------------------
  const operations = {
    add: (value) => ({ type: "OPERATION_ADD", value }),
    remove: () => ({ type: "OPERATION_REMOVE" }),
    replace: (value) => ({ type: "OPERATION_REPLACE", value }),
    increment: (by) => ({ type: "OPERATION_INCREMENT", by: by === undefined ? 1 : by }),
    decrement: (by) => ({ type: "OPERATION_DECREMENT", by: by === undefined ? 1 : by }),
    append: (items) => ({ type: "OPERATION_APPEND", items }),
    prepend: (items) => ({ type: "OPERATION_PREPEND", items }),
    updateListItem: (value, index) => ({ type: "OPERATION_UPDATE_LIST_ITEM", value, index }),
  };
  const operationType = (value) =>
    value !== null && typeof value === "object" && typeof value.type === "string" && value.type.startsWith("OPERATION_")
      ? value.type
      : null;

  function updateExpression(update) {
    const names = {};
    const values = {};
    const sets = [];
    const removes = [];
    let nameCount = 0;
    let valueCount = 0;
    const known = {};
    const nameOf = (part) => {
      if (!Object.hasOwn(known, part)) {
        nameCount += 1;
        known[part] = `#expName_${nameCount}`;
        names[known[part]] = part;
      }
      return known[part];
    };
    const valueOf = (value) => {
      valueCount += 1;
      values[`:expValue_${valueCount}`] = toDynamoDB(value);
      return `:expValue_${valueCount}`;
    };
    function visit(path, value) {
      switch (operationType(value)) {
        case "OPERATION_ADD":
        case "OPERATION_REPLACE":
          return sets.push(`${path} = ${valueOf(value.value)}`);
        case "OPERATION_REMOVE":
          return removes.push(path);
        case "OPERATION_INCREMENT":
          return sets.push(`${path} = ${path} + ${valueOf(value.by)}`);
        case "OPERATION_DECREMENT":
          return sets.push(`${path} = ${path} - ${valueOf(value.by)}`);
        case "OPERATION_APPEND":
          return sets.push(`${path} = list_append(${path}, ${valueOf(value.items)})`);
        case "OPERATION_PREPEND":
          return sets.push(`${path} = list_append(${valueOf(value.items)}, ${path})`);
        case "OPERATION_UPDATE_LIST_ITEM":
          return sets.push(`${path}[${value.index}] = ${valueOf(value.value)}`);
      }
      if (Array.isArray(value) && value.length && value.every(operationType)) return value.forEach((one) => visit(path, one));
      if (value !== null && typeof value === "object" && !Array.isArray(value)) return visitAll(`${path}.`, value);
      return sets.push(`${path} = ${valueOf(value)}`);
    }
    function visitAll(prefix, map) {
      for (const [key, value] of Object.entries(map)) if (value !== undefined) visit(prefix + nameOf(key), value);
    }
    visitAll("", update);
    const expression = [
      sets.length ? `SET ${sets.join(", ")}` : "",
      removes.length ? `REMOVE ${removes.join(", ")}` : "",
    ].filter((part) => part !== "");
    const built = { expression: expression.join(" "), expressionNames: names };
    if (valueCount) built.expressionValues = values;
    return built;
  }

  // ---- the module -------------------------------------------------------------------------------------------------
  const kept = (fields) => {
    const request = {};
    for (const [key, value] of Object.entries(fields)) if (!absent(value)) request[key] = value;
    return request;
  };
  const condition = (input) => (absent(input.condition) ? null : toExpression(input.condition));
  const versioned = ({ customPartitionKey, populateIndexFields, _version }) => ({ customPartitionKey, populateIndexFields, _version });
  const keyed = (operation, input, more) =>
    kept({ operation, key: toMapValues(input.key), ...more, condition: condition(input), ...versioned(input) });
  const read = (operation, input, query) =>
    kept({
      operation,
      index: input.index,
      query,
      filter: absent(input.filter) || !Object.keys(input.filter).length ? null : toExpression(input.filter),
      limit: input.limit,
      nextToken: input.nextToken,
      consistentRead: input.consistentRead,
      scanIndexForward: input.scanIndexForward,
      select: input.select,
      projection: absent(input.projection) ? null : projectionOf(input.projection),
      totalSegments: input.totalSegments,
      segment: input.segment,
    });
  const eachTable = (tables, change) => {
    const changed = {};
    for (const [table, value] of Object.entries(tables)) changed[table] = change(value);
    return changed;
  };
  const TRANSACTED = { putItem: "PutItem", updateItem: "UpdateItem", deleteItem: "DeleteItem", conditionCheck: "ConditionCheck" };
  function transacted(item) {
    const [name, input] = Object.entries(item)[0];
    if (!Object.hasOwn(TRANSACTED, name)) throw new Error(`transactWrite: ${name} is not an operation`);
    const check = condition(input);
    return kept({
      table: input.table,
      operation: TRANSACTED[name],
      key: toMapValues(input.key),
      attributeValues: name === "putItem" ? toMapValues(input.item) : null,
      update: name === "updateItem" ? updateExpression(input.update) : null,
      condition: check === null ? null : { ...check, returnValuesOnConditionCheckFailure: true },
    });
  }

  modules["@aws-appsync/utils/dynamodb"] = {
    operations,
    toStringSet: typedSet("SS"),
    toNumberSet: typedSet("NS"),
    toBinarySet: typedSet("BS"),
    get: (input) =>
      kept({
        operation: "GetItem",
        key: toMapValues(input.key),
        consistentRead: input.consistentRead,
        projection: absent(input.projection) ? null : projectionOf(input.projection),
      }),
    put: (input) => keyed("PutItem", input, { attributeValues: toMapValues(input.item) }),
    update: (input) => keyed("UpdateItem", input, { update: updateExpression(input.update) }),
    remove: (input) => keyed("DeleteItem", input, {}),
    scan: (input) => read("Scan", input, null),
    query: (input) => read("Query", input, toExpression(input.query)),
    sync: unimplemented("@aws-appsync/utils/dynamodb sync"),
    batchGet: (input) => ({
      operation: "BatchGetItem",
      tables: eachTable(input.tables, (table) =>
        kept({
          keys: table.keys.map(toMapValues),
          consistentRead: table.consistentRead,
          projection: absent(table.projection) ? null : projectionOf(table.projection),
        }),
      ),
    }),
    batchPut: (input) => ({ operation: "BatchPutItem", tables: eachTable(input.tables, (items) => items.map(toMapValues)) }),
    batchDelete: (input) => ({ operation: "BatchDeleteItem", tables: eachTable(input.tables, (keys) => keys.map(toMapValues)) }),
    transactGet: (input) => ({
      operation: "TransactGetItems",
      transactItems: input.items.map(({ table, key, projection }) =>
        kept({ table, key: toMapValues(key), projection: absent(projection) ? null : projectionOf(projection) }),
      ),
    }),
    transactWrite: (input) => ({ operation: "TransactWriteItems", transactItems: input.items.map(transacted) }),
  };
})();
