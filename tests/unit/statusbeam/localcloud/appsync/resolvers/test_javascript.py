"""Resolver code in the engine: AppSync's modules, its errors, its limits, and the loading."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.localcloud.appsync.contract import AuthMode
from statusbeam.localcloud.appsync.resolvers.javascript import (
    CtxParts,
    JsResolverError,
    JsRuntime,
    JsSourceError,
    to_json,
)

NOW = 1_700_000_000.123
RESPONSE = "\nexport function response(ctx) { return ctx.result; }"


@pytest.fixture
def runtime() -> JsRuntime:
    ids = count(1)
    return JsRuntime(now=lambda: NOW, new_id=lambda: f"id-{next(ids)}", seed=7)


@pytest.fixture
def evaluate(runtime: JsRuntime) -> Callable[..., Any]:
    """The value of one expression in a request handler."""

    def run(expression: str, **ctx: Any) -> Any:
        code = (
            "import { util, extensions, runtime } from '@aws-appsync/utils';\n"
            "import * as ddb from '@aws-appsync/utils/dynamodb';\n"
            f"export function request(ctx) {{ return {expression}; }}{RESPONSE}"
        )
        return runtime.load(code).call("request", ctx).value

    return run


def load(runtime: JsRuntime, body: str) -> Any:
    return runtime.load(f"{body}\nexport function request(ctx) {{ return {{}}; }}{RESPONSE}")


def failure(call: Callable[[], Any]) -> JsResolverError:
    with pytest.raises(JsResolverError) as caught:
        call()
    return caught.value


# ---- modules and handlers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "export function request(ctx) { return 1; }\nexport function response(ctx) { return 2; }",
        "export const request = (ctx) => 1;\nexport const response = (ctx) => 2;",
        "function request(ctx) { return 1; }\nconst response = (ctx) => 2;\nexport { request, response };",
        "const ask = (ctx) => 1;\nconst tell = (ctx) => 2;\nexport { ask as request, tell as response }",
    ],
    ids=["functions", "constants", "a list, as bundlers write it", "a list with other names"],
)
def test_both_handlers_are_found_however_they_are_exported(runtime: JsRuntime, code: str) -> None:
    module = runtime.load(code)
    assert (module.call("request", {}).value, module.call("response", {}).value) == (1, 2)


@pytest.mark.parametrize(
    "line",
    [
        "import { util } from '@aws-appsync/utils';",
        'import { util as u, extensions } from "@aws-appsync/utils"; const util2 = u;',
        "import {\n  util,\n  runtime,\n} from '@aws-appsync/utils'",
        "import * as appsync from '@aws-appsync/utils';",
        "import '@aws-appsync/utils';",
        "",
    ],
    ids=["named", "renamed", "over several lines", "namespace", "for its effect", "util is a global too"],
)
def test_appsyncs_module_can_be_imported_in_each_form(runtime: JsRuntime, line: str) -> None:
    code = f"{line}\nexport function request(ctx) {{ return util.str.toUpper('a'); }}{RESPONSE}"
    assert runtime.load(code).call("request", {}).value == "A"


def test_a_handler_sees_every_part_of_ctx(evaluate: Callable[..., Any]) -> None:
    ctx = {
        "arguments": {"id": "1"},
        "identity": {"sub": "ann"},
        "source": {"a": 1},
        "stash": {"b": 2},
        "prev": {"result": 3},
        "result": 4,
        "request": {"headers": {"x": "y"}},
        "info": {"fieldName": "getJob"},
        "env": {"TABLE": "t"},
    }
    seen = evaluate(
        "[ctx.args, ctx.arguments.id, ctx.identity.sub, ctx.source.a, ctx.stash.b, ctx.prev.result,"
        " ctx.result, ctx.request.headers.x, ctx.info.fieldName, ctx.env.TABLE, ctx.error]",
        **ctx,
    )
    assert seen == [{"id": "1"}, "1", "ann", 1, 2, 3, 4, "y", "getJob", "t", None]


def test_the_whole_of_ctx_can_be_written_out_and_spread(evaluate: Callable[..., Any]) -> None:
    ctx = {"arguments": {"id": "1"}, "identity": {"sub": "ann"}, "env": {"A": "b"}}
    assert evaluate("JSON.parse(JSON.stringify(ctx)).identity", **ctx) == {"sub": "ann"}
    assert evaluate("({ ...ctx }).env", **ctx) == {"A": "b"}


def test_a_handlers_stash_is_returned(runtime: JsRuntime) -> None:
    module = runtime.load(f"export function request(ctx) {{ ctx.stash.a = [1]; return {{}}; }}{RESPONSE}")
    assert module.call("request", {"stash": {"b": 2}}).stash == {"a": [1], "b": 2}


def test_modules_do_not_see_each_others_names(runtime: JsRuntime) -> None:
    load(runtime, "const secret = 1;")
    module = runtime.load(f"export function request(ctx) {{ return typeof secret; }}{RESPONSE}")
    assert module.call("request", {}).value == "undefined"


def test_a_local_resolver_runs_both_handlers_with_the_payload_between(runtime: JsRuntime) -> None:
    module = runtime.load(
        "export function request(ctx) {\n"
        "  ctx.stash.seen = 1;\n  return { payload: { a: ctx.args.a, b: undefined } };\n}\n"
        "export function response(ctx) { return [ctx.result, Object.keys(ctx.result), ctx.stash, ctx.args]; }"
    )
    outcome = module.call("request", {"arguments": {"a": 1}})
    assert outcome.value == {"payload": {"a": 1}}
    both = module.run_local(parts_of({"a": 1}))
    assert both.value == [{"a": 1}, ["a"], {"seen": 1}, {"a": 1}]


def parts_of(arguments: dict[str, Any]) -> Any:
    return CtxParts(to_json(arguments), lambda name: "")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ECHO = JsRuntime().load(
    "export function request(ctx) { return { payload: ctx.args.value }; }\n"
    "export function response(ctx) { return ctx.result; }"
)


@given(value=json_values)
def test_any_json_value_passes_through_both_handlers_unchanged(value: Any) -> None:
    assert ECHO.run_local(parts_of({"value": value})).value == value


# ---- errors --------------------------------------------------------------------------------------


def test_util_error_carries_message_type_data_and_info(evaluate: Callable[..., Any]) -> None:
    error = failure(lambda: evaluate("util.error('no', 'Forbidden', { a: 1 }, { b: 2 })"))
    assert (error.message, error.error_type, error.data, error.info) == (
        "no",
        "Forbidden",
        {"a": 1},
        {"b": 2},
    )


def test_util_unauthorized_leaves_the_words_to_who_knows_the_field(evaluate: Callable[..., Any]) -> None:
    error = failure(lambda: evaluate("util.unauthorized()"))
    assert (error.message, error.error_type) == (None, "Unauthorized")


def test_appended_errors_come_with_the_value(runtime: JsRuntime) -> None:
    module = runtime.load(
        f"export function request(ctx) {{ util.appendError('late', 'Slow', 1, 2); return 3; }}{RESPONSE}"
    )
    outcome = module.call("request", {})
    assert outcome.value == 3
    assert outcome.appended_errors == ({"message": "late", "errorType": "Slow", "data": 1, "errorInfo": 2},)


def test_appended_errors_come_with_a_later_error_too(runtime: JsRuntime) -> None:
    module = runtime.load(
        f"export function request(ctx) {{ util.appendError('one'); util.error('two'); }}{RESPONSE}"
    )
    assert [e["message"] for e in failure(lambda: module.call("request", {})).appended] == ["one"]


def test_an_exception_of_javascript_names_the_authors_line(runtime: JsRuntime) -> None:
    module = runtime.load(
        "import { util } from '@aws-appsync/utils';\n\nexport function request(ctx) {\n"
        f"  const nothing = ctx.args.missing;\n  return nothing.field;\n}}{RESPONSE}"
    )
    error = failure(lambda: module.call("request", {}))
    assert error.error_type == "Code"
    assert error.message is not None
    assert error.message.startswith("code.js:5: TypeError: ")


def test_early_return_ends_the_handler_with_its_value(
    evaluate: Callable[..., Any], runtime: JsRuntime
) -> None:
    module = runtime.load(
        "import { runtime } from '@aws-appsync/utils';\n"
        f"export function request(ctx) {{ runtime.earlyReturn({{ a: 1 }}, {{ skipTo: 'END' }}); }}{RESPONSE}"
    )
    outcome = module.call("request", {})
    assert (outcome.early_return, outcome.value, outcome.skip_to) == (True, {"a": 1}, "END")


@pytest.mark.parametrize(
    "expression",
    ["util.xml.toMap('<a/>')", "util.transform.toElasticsearchQueryDSL({})", "ddb.sync({})"],
)
def test_an_unimplemented_function_names_itself(evaluate: Callable[..., Any], expression: str) -> None:
    message = failure(lambda: evaluate(expression)).message
    assert message is not None
    assert "is not implemented by localcloud" in message
    assert expression.split("(", maxsplit=1)[0].rsplit(".", maxsplit=1)[-1] in message


# ---- limits --------------------------------------------------------------------------------------


def test_a_handler_that_does_not_end_is_ended() -> None:
    runtime = JsRuntime(time_limit_s=0.05)
    module = runtime.load(
        "export function request(ctx) {\n"
        "  const t = ctx.args.text;\n"
        "  for (const a of t) { for (const b of t) { for (const c of t) { t.concat(a); } } }\n}"
        f"{RESPONSE}"
    )
    error = failure(lambda: module.call("request", {"arguments": {"text": "x" * 1000}}))
    assert error.message == "code.js: the handler ran longer than 0.05 s"
    assert load(runtime, "").call("request", {}).value == {}


def test_a_handler_that_fills_the_memory_is_ended_and_the_next_one_runs() -> None:
    runtime = JsRuntime(memory_limit_bytes=8_000_000)
    module = runtime.load(
        "export function request(ctx) {\n  const a = ['x'];\n"
        f"  for (const x of a) {{ a.push(x + x); }}\n}}{RESPONSE}"
    )
    message = failure(lambda: module.call("request", {})).message
    assert message is not None
    assert "out of memory" in message or "string too long" in message
    assert load(runtime, "").call("request", {}).value == {}


# ---- time, chance, identifiers -------------------------------------------------------------------


def test_ids_come_from_the_caller_in_order_and_none_is_lost(runtime: JsRuntime) -> None:
    module = runtime.load(
        f"export function request(ctx) {{ return [util.autoId(), util.autoId(), util.autoId()]; }}{RESPONSE}"
    )
    assert module.call("request", {}).value == ["id-1", "id-2", "id-3"]
    assert module.call("request", {}).value == ["id-4", "id-5", "id-6"]


def test_a_seeded_runtime_repeats_itself() -> None:
    drawn = "[Math.random(), util.autoUlid(), util.autoKsuid()]"
    code = f"export function request(ctx) {{ return {drawn}; }}{RESPONSE}"
    first, again, other = (JsRuntime(now=lambda: NOW, seed=seed).load(code) for seed in (1, 1, 2))
    assert first.call("request", {}).value == again.call("request", {}).value
    assert first.call("request", {}).value != other.call("request", {}).value


def test_sortable_ids_have_their_documented_shape(evaluate: Callable[..., Any]) -> None:
    ulid, ksuid = evaluate("[util.autoUlid(), util.autoKsuid()]")
    assert (len(ulid), len(ksuid)) == (26, 27)
    assert ulid.startswith("01HF7YAT3V")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("util.time.nowISO8601()", "2023-11-14T22:13:20.123Z"),
        ("util.time.nowEpochSeconds()", 1_700_000_000),
        ("util.time.nowEpochMilliSeconds()", 1_700_000_000_123),
        ("util.time.nowFormatted('yyyy-MM-dd HH:mm:ssZ')", "2023-11-14 22:13:20+0000"),
        ("util.time.nowFormatted(\"EEE, d MMM yyyy h:mm a 'o''clock' XXX\", '+05:30')",
         "Wed, 15 Nov 2023 3:43 AM o'clock +05:30"),
        ("util.time.parseISO8601ToEpochMilliSeconds('2018-02-01T17:21:05.180+08:00')", 1517476865180),
        ("util.time.parseFormattedToEpochMilliSeconds('2018-02-01 17:21:05Z', 'yyyy-MM-dd HH:mm:ssX')",
         1517505665000),
        ("util.time.parseFormattedToEpochMilliSeconds('01/02/18 5:07 PM', 'dd/MM/yy h:mm a', '+08:00')",
         1517476020000),
        ("util.time.epochMilliSecondsToSeconds(1517943695750)", 1517943695),
        ("util.time.epochMilliSecondsToISO8601(1517943695750)", "2018-02-06T19:01:35.750Z"),
        ("util.time.epochMilliSecondsToFormatted(1517943695750, 'yyyy-MM-dd HH:mm:ss.SSS')",
         "2018-02-06 19:01:35.750"),
        ("Date.now()", 1_700_000_000_123),
        ("new Date().toISOString()", "2023-11-14T22:13:20.123Z"),
    ],
)  # fmt: skip
def test_time_is_the_injected_time(evaluate: Callable[..., Any], expression: str, expected: Any) -> None:
    assert evaluate(expression) == expected


# ---- util ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("util.base64Encode('héllo 😀')", "aMOpbGxvIPCfmIA="),
        ("util.base64Decode('aMOpbGxvIPCfmIA=')", "héllo 😀"),
        ("util.urlEncode(\"a b&c=d'é~*\")", "a+b%26c%3Dd%27%C3%A9%7E*"),
        ("util.urlDecode('a+b%26c')", "a b&c"),
        ("util.escapeJavaScript('it\\'s \"q\"/\\n')", 'it\\\'s \\"q\\"\\/\\n'),
        ("util.matches('a*b', 'aaaab')", True),
        ("util.matches('a*b', 'xaaab')", False),
        ("util.str.toReplace('a.b.c', '.', '-')", "a-b-c"),
        ("util.math.roundNum(2.5)", 3),
        ("util.math.minVal(2, 1)", 1),
        ("util.http.copyHeaders({ Host: 'h', 'x-a': '1' })", {"x-a": "1"}),
        ("Object.hasOwn({ a: 1 }, 'a')", True),
        ("[1, 2, 3].findLast((x) => x < 3)", 2),
        ("util.dynamodb.toDynamoDB({ a: 'b', c: [1, true, null], d: { e: 1.5 } })",
         {"M": {"a": {"S": "b"}, "c": {"L": [{"N": 1}, {"BOOL": True}, {"NULL": None}]},
                "d": {"M": {"e": {"N": 1.5}}}}}),
        ("util.dynamodb.toMapValues({ a: 'b' })", {"a": {"S": "b"}}),
        ("util.dynamodb.toStringSet(['a'])", {"SS": ["a"]}),
        ("util.dynamodb.toString(null)", None),
    ],
)  # fmt: skip
def test_util_answers_as_documented(evaluate: Callable[..., Any], expression: str, expected: Any) -> None:
    assert evaluate(expression) == expected


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (AuthMode.IAM, "IAM Authorization"),
        (AuthMode.COGNITO, "User Pool Authorization"),
        (AuthMode.OIDC, "Open ID Connect Authorization"),
        (AuthMode.API_KEY, "API Key Authorization"),
    ],
)
def test_auth_type_names_the_mode(runtime: JsRuntime, mode: str, expected: str) -> None:
    module = runtime.load(f"export function request(ctx) {{ return util.authType(); }}{RESPONSE}")
    assert module.call("request", {}, auth_mode=mode).value == expected


def rules(*entries: tuple[str, str, Any]) -> dict[str, Any]:
    return {"filters": [{"fieldName": f, "operator": o, "value": v} for f, o, v in entries]}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("{ a: { eq: 1 }, b: { in: [1, 2] } }", [rules(("a", "eq", 1), ("b", "in", [1, 2]))]),
        ("{ a: { ge: 1, le: 5 } }", [rules(("a", "ge", 1), ("a", "le", 5))]),
        ("{ or: [{ a: { eq: 1 } }, { b: { eq: 2 } }] }", [rules(("a", "eq", 1)), rules(("b", "eq", 2))]),
        ("{ c: { ne: 3 }, or: [{ a: { eq: 1 } }, { b: { eq: 2 } }] }",
         [rules(("c", "ne", 3), ("a", "eq", 1)), rules(("c", "ne", 3), ("b", "eq", 2))]),
        ("{ and: [{ a: { eq: 1 } }, { or: [{ b: { eq: 2 } }, { b: { eq: 3 } }] }] }",
         [rules(("a", "eq", 1), ("b", "eq", 2)), rules(("a", "eq", 1), ("b", "eq", 3))]),
        ("{ a: { eq: 1 }, b: { eq: 2 } }, ['b']", [rules(("a", "eq", 1))]),
        ("{ a: { eq: 1 } }, [], { t: { eq: 'x' }, u: { eq: 'y' } }",
         [rules(("a", "eq", 1), ("t", "eq", "x")), rules(("a", "eq", 1), ("u", "eq", "y"))]),
    ],
    ids=["and", "two operators", "or", "or beside a field", "nested", "ignored field", "strict rules"],
)  # fmt: skip
def test_a_filter_object_becomes_groups_of_rules(
    evaluate: Callable[..., Any], arguments: str, expected: list[Any]
) -> None:
    assert evaluate(f"util.transform.toSubscriptionFilter({arguments})") == {"filterGroup": expected}


def test_extensions_are_reported_in_call_order(runtime: JsRuntime) -> None:
    module = runtime.load(
        "import { extensions } from '@aws-appsync/utils';\nexport function request(ctx) {\n"
        "  extensions.setSubscriptionFilter({ filterGroup: [] });\n"
        "  extensions.invalidateSubscriptions({ subscriptionField: 's', payload: { a: 1 } });\n}"
        f"{RESPONSE}"
    )
    assert module.call("request", {}).extensions == (
        ("setSubscriptionFilter", {"filterGroup": []}),
        ("invalidateSubscriptions", {"subscriptionField": "s", "payload": {"a": 1}}),
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("ddb.get({ key: { id: 'a' } })", {"operation": "GetItem", "key": {"id": {"S": "a"}}}),
        ("ddb.put({ key: { id: 'a' }, item: { n: 1, tags: ddb.toStringSet(['x']) } })",
         {"operation": "PutItem", "key": {"id": {"S": "a"}},
          "attributeValues": {"n": {"N": 1}, "tags": {"SS": ["x"]}}}),
        ("ddb.remove({ key: { id: 'a' }, condition: { n: { gt: 1 } } })",
         {"operation": "DeleteItem", "key": {"id": {"S": "a"}},
          "condition": {"expression": "#n > :n_gt", "expressionNames": {"#n": "n"},
                        "expressionValues": {":n_gt": {"N": 1}}}}),
        ("ddb.query({ query: { pk: { eq: 'a' }, sk: { beginsWith: 'b' } }, limit: 2,"
         " scanIndexForward: false })",
         {"operation": "Query", "limit": 2, "scanIndexForward": False,
          "query": {"expression": "(#pk = :pk_eq) AND (begins_with(#sk,:sk_beginsWith))",
                    "expressionNames": {"#pk": "pk", "#sk": "sk"},
                    "expressionValues": {":pk_eq": {"S": "a"}, ":sk_beginsWith": {"S": "b"}}}}),
        ("ddb.update({ key: { id: 'a' }, update: { n: ddb.operations.increment(2),"
         " gone: ddb.operations.remove(), list: ddb.operations.append([1]), deep: { er: 'x' } } })",
         {"operation": "UpdateItem", "key": {"id": {"S": "a"}},
          "update": {
              "expression": "SET #expName_1 = #expName_1 + :expValue_1, #expName_3 = list_append(#expName_3,"
                            " :expValue_2), #expName_4.#expName_5 = :expValue_3 REMOVE #expName_2",
              "expressionNames": {"#expName_1": "n", "#expName_2": "gone", "#expName_3": "list",
                                  "#expName_4": "deep", "#expName_5": "er"},
              "expressionValues": {":expValue_1": {"N": 2}, ":expValue_2": {"L": [{"N": 1}]},
                                   ":expValue_3": {"S": "x"}}}}),
        ("ddb.batchGet({ tables: { t: { keys: [{ id: 'a' }] } } })",
         {"operation": "BatchGetItem", "tables": {"t": {"keys": [{"id": {"S": "a"}}]}}}),
        ("ddb.transactWrite({ items: [{ deleteItem: { table: 't', key: { id: 'a' } } }] })",
         {"operation": "TransactWriteItems",
          "transactItems": [{"table": "t", "operation": "DeleteItem", "key": {"id": {"S": "a"}}}]}),
        ("JSON.parse(util.transform.toDynamoDBFilterExpression({ title: { contains: 'x' },"
         " or: [{ a: { attributeExists: false } }, { b: { between: [1, 2] } }] }))",
         {"expression": "(contains(#title,:title_contains)) AND ((attribute_not_exists(#a)) OR"
                        " (#b BETWEEN :b_between_1 AND :b_between_2))",
          "expressionNames": {"#title": "title", "#a": "a", "#b": "b"},
          "expressionValues": {":title_contains": {"S": "x"}, ":b_between_1": {"N": 1},
                               ":b_between_2": {"N": 2}}}),
    ],
    ids=["get", "put", "remove", "query", "update", "batchGet", "transactWrite", "filter"],
)  # fmt: skip
def test_the_dynamodb_module_writes_appsyncs_requests(
    evaluate: Callable[..., Any], expression: str, expected: Any
) -> None:
    assert evaluate(expression) == expected


def test_what_resolvers_write_to_the_console_goes_to_the_log(
    runtime: JsRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    body = "console.log('seen', { a: 1 }); console.error('lost'); return null;"
    module = runtime.load(f"export function request(ctx) {{ {body} }}{RESPONSE}", "Query.note")
    with caplog.at_level(logging.INFO):
        module.call("request", {})
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", 'resolver=<Query.note> | seen {"a":1}'),
        ("ERROR", "resolver=<Query.note> | lost"),
    ]


# ---- what is loaded ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("import l from 'lodash';", "lodash is not available"),
        ("import { a } from './a.js';", "./a.js is not available"),
        ("import u from '@aws-appsync/utils';", "no default export"),
        ("import u, { util } from '@aws-appsync/utils';", "no default export"),
        ("export default 1;", "named exports"),
        ("export default function other() {}", "named exports"),
        ("export { util } from '@aws-appsync/utils';", "named exports of this module"),
        ("export * from '@aws-appsync/utils';", "named exports of this module"),
        ("const x = (1;", ") is missing"),
        ("const x = (1];", "not understood"),
        ("const x = `abc;", "not understood"),
        ("const x = 1 @ 2;", "not understood"),
        ("const y = 1; const y = 2;", "redefinition"),
    ],
)
def test_code_that_is_no_module_of_appsyncs_is_refused_with_its_line(
    runtime: JsRuntime, line: str, complaint: str
) -> None:
    with pytest.raises(JsSourceError) as refused:
        load(runtime, f"// one\n/* two\n three */\n{line}")
    assert complaint in str(refused.value)
    assert refused.value.line >= 4


@pytest.mark.parametrize(
    "line",
    [
        "const words = { in: 1, class: 2, try: 3, new: 4 }; const x = words.in + words.class + words?.try;",
        "const text = 'import x from \"y\"; export default 1'; const more = `export * from ${text}`;",
        "// import a from 'b';\n/* export default 1; */",
        "const pattern = /[`'\"/]export default/; const half = 4 / 2 / 1;",
        "export const one = 1, two = 2;\nexport let three = one + two;",
        "import { util /* the usual */, runtime as r } from '@aws-appsync/utils'; const x = [util, r];",
        "for (const { a, b } of [{ a: 1, b: 2 }]) { const y = a / b / 2; }",
        "const f = (list) => list.map((x) => ({ ...x })).filter((x) => !!x).reduce((a, b) => a + b, 0);",
        "const x = 1 > 0 ? { a: 1 } : { b: 2 }; switch (1) { case 1: break; default: }",
        "const o = { first(x) { return x; }, import: (x) => x, export: 1 };",
        "const word = 'é😀'; const x = { [word]: word };",
    ],
)
def test_only_imports_and_exports_are_rewritten(runtime: JsRuntime, line: str) -> None:
    assert load(runtime, line).call("request", {}).value == {}


def test_lines_stay_where_they_are_behind_a_long_import_and_wide_characters(runtime: JsRuntime) -> None:
    module = runtime.load(
        "import {\n  util,\n  runtime,\n} from '@aws-appsync/utils';\n// é😀\n"
        f"export function request(ctx) {{\n  return ctx.args.missing.field;\n}}{RESPONSE}"
    )
    assert str(failure(lambda: module.call("request", {}))).startswith("code.js:7: TypeError: ")


def test_code_without_both_handlers_is_refused(runtime: JsRuntime) -> None:
    with pytest.raises(JsSourceError, match="does not export response"):
        runtime.load("export function request(ctx) { return {}; }")


@given(st.text(max_size=80))
def test_any_text_is_either_loaded_or_refused(text: str) -> None:
    runtime = ANY_TEXT
    try:
        load(runtime, text)
    except JsSourceError as refused:
        assert refused.line >= 1


ANY_TEXT = JsRuntime(time_limit_s=0.2)
