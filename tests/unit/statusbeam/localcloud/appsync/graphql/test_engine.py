"""Operations of an API: responses, published values, and subscriptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from graphql import graphql_sync
from graphql.utilities import get_introspection_query

from statusbeam.localcloud.appsync.contract import (
    AppSyncError,
    AuthMode,
    GraphQLRequest,
    Identity,
    Invalidation,
    Subscription,
)
from statusbeam.localcloud.appsync.control_plane.definition import (
    PIPELINE,
    DefinitionError,
    FunctionDefinition,
    ResolverDefinition,
)
from statusbeam.localcloud.appsync.graphql.api_schema import build_api_schema
from statusbeam.localcloud.appsync.graphql.directives import IAM_DECISION_SECONDS
from tests.unit.statusbeam.localcloud.appsync.graphql.notes_api import (
    ADD,
    ANN,
    AUTHOR,
    IAM,
    KEY,
    SDL,
    UTILS,
    Served,
    payload,
)


@pytest.fixture
def served() -> Served:
    return Served()


# ---- answers ---------------------------------------------------------------------------------------


async def test_a_query_answers_with_aliases_defaults_and_type_names(served: Served) -> None:
    answer = await served.ask(
        '{ a: note(id: "1") { id colour __typename } b: note(id: 2, colour: BLUE) { colour } }'
    )
    assert answer == {
        "data": {"a": {"id": "1", "colour": "RED", "__typename": "Note"}, "b": {"colour": "BLUE"}}
    }


async def test_an_operation_on_none_sources_never_waits(served: Served) -> None:
    running = served.api.execute(GraphQLRequest(query=ADD, variables={"input": {"id": "1"}}), IAM)
    with pytest.raises(StopIteration) as finished:
        running.send(None)
    assert b'"id":"1"' in finished.value.value.body


async def test_resolvers_see_the_selection_as_paths(served: Served) -> None:
    query = """
      query { note(id: "1") { text mine: id ... on Note { author { name } } ...More } }
      fragment More on Note { earlier { id } }
    """
    answer = await served.ask(query)
    assert answer["data"]["note"]["text"] == "text mine author author/name earlier earlier/id"


async def test_a_field_without_a_resolver_is_null(served: Served) -> None:
    assert await served.ask("{ nowhere }", ANN) == {"data": {"nowhere": None}}


async def test_a_nested_resolver_gets_its_parent_as_source() -> None:
    author = ResolverDefinition(type_name="Note", field_name="author", code=AUTHOR, data_source="none")
    served = Served(resolvers=(author,))
    answer = await served.ask(ADD.replace("secret", "author { name }"), input={"id": "7"})
    assert answer["data"]["addNote"]["author"] == {"name": "author of 7"}


async def test_aws_json_arrives_parsed_and_leaves_as_text(served: Served) -> None:
    answer = await served.ask(ADD, input={"id": "1", "data": '{"a": [1, "é"]}'})
    assert answer["data"]["addNote"]["data"] == '{"a":[1,"é"]}'


# ---- errors ----------------------------------------------------------------------------------------

FAIL = "mutation($kind: String) { fail(kind: $kind) { id } }"
PLACE = [{"line": 1, "column": 27, "sourceName": None}]


async def test_util_error_becomes_an_error_in_appsyncs_shape(served: Served) -> None:
    assert await served.ask(FAIL, kind="error") == {
        "data": {"fail": None},
        "errors": [
            {
                "path": ["fail"],
                "data": {"a": 1},
                "errorType": "Forbidden",
                "errorInfo": {"b": 2},
                "locations": PLACE,
                "message": "no",
            }
        ],
    }


async def test_util_unauthorized_names_the_field(served: Served) -> None:
    error = (await served.ask(FAIL, kind="unauthorized"))["errors"][0]
    assert error["errorType"] == "Unauthorized"
    assert error["message"] == "Not Authorized to access fail on type Mutation"


async def test_an_appended_error_is_returned_with_the_value(served: Served) -> None:
    answer = await served.ask(FAIL, kind="appended")
    assert answer["data"] == {"fail": {"id": "1"}}
    assert [(e["message"], e["errorType"]) for e in answer["errors"]] == [("late", "Slow")]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ note(id: 1) { nothing } }", "Cannot query field 'nothing' on type 'Note'."),
        ("{ note { id } }", "argument 'id' of type 'ID!' is required"),
        ("{ note(id: 1) ", "Syntax Error"),
        ('mutation { addNote(input: {id: 1, when: "soon"}) { id } }', "Unable to parse `soon`"),
        ('mutation { addNote(input: {id: 1, data: "{"}) { id } }', "Unable to parse `{`"),
        ("query A { nowhere } query B { nowhere }", "Must provide an operation name."),
    ],
    ids=["unknown field", "missing argument", "syntax", "bad scalar literal", "bad JSON literal", "no name"],
)
async def test_a_document_that_does_not_fit_is_a_validation_error(
    served: Served, query: str, message: str
) -> None:
    answer = await served.ask(query)
    assert answer["data"] is None
    assert message in answer["errors"][0]["message"]
    assert answer["errors"][0]["errorType"] == "ValidationError"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Variable 'input' has coerced Null value for NonNull type 'NoteInput!'"),
        ({"input": None}, "Variable 'input' has coerced Null value for NonNull type 'NoteInput!'"),
        ({"input": {}}, "Field 'id' has coerced Null value for NonNull type 'ID!'"),
        ({"input": {"id": None}}, "Field 'id' has coerced Null value for NonNull type 'ID!'"),
        ({"input": {"id": "1", "x": 1}}, "'x' that is not defined for input object type 'NoteInput'"),
        ({"input": {"id": "1", "count": "many"}}, "Int cannot represent non-integer value: 'many'"),
        ({"input": {"id": "1", "count": 2**31}}, "Int cannot represent non 32-bit signed integer value"),
        ({"input": {"id": "1", "colour": "GREEN"}}, "No value found for name 'GREEN'"),
        ({"input": {"id": "1", "when": "2026-02-30T00:00:00Z"}}, "Unable to parse `2026-02-30T00:00:00Z`"),
        ({"input": {"id": "1", "data": {"a": 1}}}, "as a valid JSON Object"),
        ({"input": {"id": "1", "tags": ["a", None]}}, "has coerced Null value for NonNull type 'String!'"),
        ({"input": {"id": "1", "earlier": [{}]}}, "Field 'earlier' has an invalid value: Field 'id'"),
        ({"input": [{"id": "1"}]}, "expected an object for 'NoteInput'"),
    ],
)
async def test_variables_that_do_not_fit_stop_the_operation(
    served: Served, given: dict[str, Any], message: str
) -> None:
    answer = await served.ask(ADD, **given)
    assert answer["data"] is None
    assert message in answer["errors"][0]["message"]
    assert answer["errors"][0]["errorType"] == "ValidationError"


async def test_inputs_get_defaults_and_keep_null_apart_from_absent(served: Served) -> None:
    one = {"id": 5, "userId": None, "tags": "single", "earlier": {"id": "4", "text": None}}
    answer = await served.run(ADD, input=one)
    value = answer.published[0].value
    assert value is not None
    assert value == {
        "id": "5",
        "userId": None,
        "text": "empty",
        "data": None,
        "secret": None,
        "earlier": [{"id": "4", "text": None}],
    }


async def test_literal_arguments_may_hold_variables(served: Served) -> None:
    query = "mutation($t: String, $u: ID) { addNote(input: {id: 1, text: $t, userId: $u}) { text userId } }"
    assert (await served.ask(query, t="x"))["data"] == {"addNote": {"text": "x", "userId": None}}


# ---- authorization ---------------------------------------------------------------------------------


async def test_a_field_for_another_mode_is_null_and_unauthorized(served: Served) -> None:
    answer = await served.ask('{ note(id: "1") { id secret } }', ANN)
    assert answer["data"] == {"note": {"id": "1", "secret": None}}
    error = answer["errors"][0]
    assert (error["path"], error["errorType"]) == (["note", "secret"], "Unauthorized")
    assert error["message"] == "Not Authorized to access secret on type Note"
    assert served.iam_asked == []


async def test_a_mode_may_use_one_field_and_not_its_neighbour(served: Served) -> None:
    answer = await served.ask('{ open note(id: "1") { id } }', KEY)
    assert answer["data"] == {"open": "API Key Authorization", "note": None}
    assert [error["path"] for error in answer["errors"]] == [["note"]]


async def test_iam_needs_a_policy_for_each_root_field(served: Served) -> None:
    served.iam_allows = False
    result = await served.run(ADD, input={"id": "1"})
    answer = json.loads(result.body)
    assert answer["data"] == {"addNote": None}
    assert answer["errors"][0]["errorType"] == "Unauthorized"
    assert result.published == ()
    assert served.iam_asked == [("Mutation", "addNote")]


async def test_iam_decisions_are_kept_for_a_while(served: Served) -> None:
    for _ in range(3):
        await served.run(ADD, input={"id": "1"})
    served.clock[0] += 60
    await served.run(ADD, input={"id": "1"})
    assert len(served.iam_asked) == 2


# ---- publishing ------------------------------------------------------------------------------------


async def test_a_mutation_publishes_its_value_by_its_own_selection(served: Served) -> None:
    result = await served.run(
        ADD, input={"id": "2", "text": "b", "data": "[1]", "earlier": [{"id": "1", "text": "a"}]}
    )
    assert [one.mutation_field for one in result.published] == ["addNote"]
    assert result.published[0].value == {
        "id": "2",
        "userId": None,
        "text": "b",
        "data": "[1]",
        "secret": None,
        "earlier": [{"id": "1", "text": "a"}],
    }


async def test_each_mutation_field_is_published_and_runs_in_order(served: Served) -> None:
    result = await served.run(
        'mutation { b: addNote(input: {id: "2"}) { id } a: addNote(input: {id: "1"}) { id } }'
    )
    assert [one.value for one in result.published] == [{"id": "2"}, {"id": "1"}]
    assert json.loads(result.body)["data"] == {"b": {"id": "2"}, "a": {"id": "1"}}


@pytest.mark.parametrize("kind", ["error", "appended"])
async def test_a_mutation_with_an_error_is_not_published(served: Served, kind: str) -> None:
    query = f'mutation {{ fail(kind: "{kind}") {{ id }} addNote(input: {{id: "1"}}) {{ id }} }}'
    assert [one.mutation_field for one in (await served.run(query)).published] == ["addNote"]


async def test_a_query_publishes_nothing(served: Served) -> None:
    assert (await served.run('{ note(id: "1") { id } }')).published == ()


async def test_a_mutation_can_invalidate_subscriptions(served: Served) -> None:
    result = await served.run('mutation { revoke(userId: "ann") }')
    assert result.invalidations == (Invalidation(subscription_field="onMine", payload={"userId": "ann"}),)


# ---- pipelines and data sources --------------------------------------------------------------------


def step(
    name: str, request: str, response: str = "return ctx.prev.result.concat(name(ctx));"
) -> FunctionDefinition:
    code = (
        f"{UTILS}function name(ctx) {{ return '{name}'; }}\n"
        f"export function request(ctx) {{ {request} }}\nexport function response(ctx) {{ {response} }}"
    )
    return FunctionDefinition(function_id=name, name=name, data_source="none", code=code)


def pipeline(*functions: FunctionDefinition, before: str = "return ['before'];", after: str = "") -> Served:
    after = after or "return ctx.prev.result.concat(`after ${ctx.stash.n} ${ctx.env.STAGE}`);"
    code = f"{UTILS}export function request(ctx) {{ {before} }}\nexport function response(ctx) {{ {after} }}"
    steps = ResolverDefinition(
        type_name="Query",
        field_name="steps",
        kind=PIPELINE,
        code=code,
        functions=tuple(function.function_id for function in functions),
    )
    return Served(resolvers=(steps,), functions=functions)


COUNT = "ctx.stash.n = (ctx.stash.n ?? 0) + 1; return {};"


async def test_a_pipeline_hands_results_and_stash_from_step_to_step() -> None:
    served = pipeline(step("one", COUNT), step("two", COUNT))
    assert (await served.ask("{ steps }"))["data"]["steps"] == ["before", "one", "two", "after 2 test"]


@pytest.mark.parametrize(
    ("skip_to", "expected"),
    [
        ("", ["early", "two", "after 1 test"]),
        (", { skipTo: 'NEXT' }", ["early", "two", "after 1 test"]),
        (", { skipTo: 'END' }", ["early", "after undefined test"]),
    ],
    ids=["goes on with the next", "says so", "ends the pipeline"],
)
async def test_an_early_return_skips_the_rest_of_its_step(skip_to: str, expected: list[str]) -> None:
    served = pipeline(step("one", f"runtime.earlyReturn(['early']{skip_to});"), step("two", COUNT))
    assert (await served.ask("{ steps }"))["data"]["steps"] == expected


async def test_an_early_return_before_the_first_step_skips_all_of_them() -> None:
    served = pipeline(step("one", COUNT), before="runtime.earlyReturn(['early']);")
    assert (await served.ask("{ steps }"))["data"]["steps"] == ["early", "after undefined test"]


async def test_an_error_in_a_step_ends_the_pipeline_with_what_was_appended() -> None:
    served = pipeline(
        step("one", "util.appendError('first'); util.error('second', 'X');"), step("two", COUNT)
    )
    answer = await served.ask("{ steps }")
    assert answer["data"] == {"steps": None}
    assert [error["message"] for error in answer["errors"]] == ["first", "second"]


def stored(request: str, response: str) -> ResolverDefinition:
    code = (
        f"{UTILS}export function request(ctx) {{ {request} }}\nexport function response(ctx) {{ {response} }}"
    )
    return ResolverDefinition(type_name="Query", field_name="stored", code=code, data_source="table")


async def test_a_unit_resolver_asks_its_data_source() -> None:
    served = Served(
        resolvers=(stored("return { operation: 'GetItem', key: ctx.args.id };", "return ctx.result;"),)
    )
    assert (await served.ask('{ stored(id: "1") { text } }'))["data"] == {"stored": {"text": "kept"}}
    assert served.table.asked == [{"operation": "GetItem", "key": "1"}]


async def test_the_response_handler_decides_over_a_data_sources_error() -> None:
    raising = Served(
        resolvers=(stored("return { operation: 'No' };", "util.error(ctx.error.message, ctx.error.type);"),)
    )
    error = (await raising.ask('{ stored(id: "1") { text } }'))["errors"][0]
    assert (error["message"], error["errorType"]) == ("refused", "DynamoDB:ValidationException")
    forgiving = Served(
        resolvers=(stored("return { operation: 'No' };", "return { id: '1', text: ctx.result.left };"),)
    )
    assert await forgiving.ask('{ stored(id: "1") { text } }') == {"data": {"stored": {"text": "over"}}}


# ---- introspection and limits ----------------------------------------------------------------------


async def test_introspection_answers_as_graphql_core_does(served: Served) -> None:
    query = get_introspection_query()
    assert (await served.ask(query, ANN))["data"] == graphql_sync(build_api_schema(SDL), query).data


async def test_introspection_can_be_combined_with_fields_and_variables(served: Served) -> None:
    query = 'query($t: String!) { __type(name: $t) { name } note(id: "1") { id } __typename }'
    answer = await served.ask(query, t="Note")
    assert answer == {"data": {"note": {"id": "1"}, "__typename": "Query", "__type": {"name": "Note"}}}


@pytest.mark.parametrize(
    "query",
    ["{ __schema { types { name } } }", '{ ...F } fragment F on Query { __type(name: "Note") { name } }'],
)
async def test_without_introspection_its_fields_do_not_exist(query: str) -> None:
    answer = await Served(introspection=False).ask(query, ANN)
    assert answer["data"] is None
    assert "FieldUndefined" in answer["errors"][0]["message"]
    assert answer["errors"][0]["errorType"] == "ValidationError"


async def test_a_type_name_is_no_introspection() -> None:
    assert await Served(introspection=False).ask("{ __typename }", ANN) == {"data": {"__typename": "Query"}}


async def test_a_query_deeper_than_the_limit_is_refused() -> None:
    served = Served(query_depth_limit=3)
    deep = '{ note(id: "1") { ...F } } fragment F on Note { earlier { earlier { id } } }'
    assert (await served.ask(deep))["errors"][0]["errorType"] == "LimitExceeded"
    assert "errors" not in await served.ask('{ note(id: "1") { earlier { id } } }')


async def test_more_resolvers_than_the_limit_do_not_run() -> None:
    served = Served(resolver_count_limit=2)
    query = (
        'mutation { a: addNote(input: {id: "1"}) { id } b: addNote(input: {id: "1"}) { id } c: fail { id } }'
    )
    answer = await served.ask(query)
    assert answer["data"] == {"a": {"id": "1"}, "b": {"id": "1"}, "c": None}
    assert answer["errors"][0]["errorType"] == "LimitExceeded"


async def test_documents_used_last_are_kept_and_others_forgotten(served: Served) -> None:
    for number in range(400):
        assert "errors" not in await served.ask(f'{{ a{number}: note(id: "1") {{ id }} }}')
    assert (await served.ask('{ a0: note(id: "1") { id } }'))["data"] == {"a0": {"id": "1"}}


DEEP_JSON = "[" * 100_000


@pytest.mark.parametrize(
    ("query", "given"),
    [
        ("{ note(id: 1) " + "{ earlier " * 5000, {}),
        ('mutation { addNote(input: {id: "1", data: ' + "[" * 5000 + " }) { id } }", {}),
        (ADD, {"input": {"id": "1", "data": DEEP_JSON}}),
        ("{ nowhere " * 20_000, {}),
    ],
    ids=["selections", "literals", "JSON", "tokens"],
)
async def test_documents_that_are_too_deep_or_too_long_are_refused(
    served: Served, query: str, given: dict[str, Any]
) -> None:
    answer = await served.ask(query, **given)
    assert answer["data"] is None
    assert answer["errors"][0]["errorType"] == "ValidationError"


# ---- subscriptions ---------------------------------------------------------------------------------

ON_NOTE = "subscription($u: ID, $t: String) { onNote(userId: $u, text: $t) { id text } }"
ON_MINE = "subscription($u: ID!) { onMine(userId: $u) { id text } }"
NOTE = {"id": "1", "userId": "ann", "text": "hello", "count": None}


async def test_a_subscription_knows_its_mutations_and_filters_by_given_arguments(served: Served) -> None:
    one = await served.subscribe(ON_NOTE, u="ann")
    assert (one.field, one.mutations, one.index) == ("onNote", ("addNote",), ("userId", "ann"))
    assert one.matches(NOTE)
    assert not one.matches({**NOTE, "userId": "bob"})


async def test_an_argument_of_null_wants_null_and_an_absent_one_nothing(served: Served) -> None:
    absent, null = await served.subscribe(ON_NOTE), await served.subscribe(ON_NOTE, u=None)
    assert (absent.matches(NOTE), null.matches(NOTE)) == (True, False)
    assert null.matches({**NOTE, "userId": None})


async def test_an_enhanced_filter_replaces_the_arguments(served: Served) -> None:
    one = await served.subscribe(ON_MINE, u="ann")
    assert one.index == ("userId", "ann")
    assert one.matches({"userId": "ann", "text": "anything"})
    assert one.invalidated_by is not None
    assert one.invalidated_by({"userId": "ann"})
    assert not one.invalidated_by({"userId": "bob"})


async def test_a_resolver_can_refuse_a_subscription(served: Served) -> None:
    with pytest.raises(AppSyncError) as refused:
        await served.subscribe(ON_MINE, u="bob")
    assert (refused.value.message, refused.value.error_type) == ("Only your own.", "Forbidden")


async def test_a_subscription_for_another_mode_is_unauthorized(served: Served) -> None:
    with pytest.raises(AppSyncError) as refused:
        await served.subscribe(ON_NOTE, IAM)
    assert (refused.value.error_type, refused.value.status) == ("Unauthorized", 401)


async def test_iam_needs_a_policy_for_a_subscription_too(served: Served) -> None:
    assert (await served.subscribe("subscription { onIam { id } }", IAM)).field == "onIam"
    served.iam_allows = False
    served.clock[0] += IAM_DECISION_SECONDS
    with pytest.raises(AppSyncError):
        await served.subscribe("subscription { onIam { id } }", IAM)


@pytest.mark.parametrize(
    ("query", "error_type"),
    [
        ("{ nowhere }", "UnsupportedOperation"),
        ("subscription { onNote { nothing } }", "ValidationError"),
        ("subscription { onNote { id } onIam { id } }", "ValidationError"),
        ("subscription { onMine { id } }", "ValidationError"),
    ],
    ids=["a query", "an unknown field", "two root fields", "a missing argument"],
)
async def test_an_operation_other_than_a_subscription_is_refused(
    served: Served, query: str, error_type: str
) -> None:
    with pytest.raises(AppSyncError) as refused:
        await served.subscribe(query)
    assert refused.value.error_type == error_type


async def test_a_subscription_cannot_be_executed(served: Served) -> None:
    answer = await served.ask("subscription { onIam { id } }")
    assert answer["errors"][0]["errorType"] == "UnsupportedOperation"


def frame(subscription: Subscription, value: Mapping[str, Any]) -> Any:
    return json.loads(subscription.encode(value))


async def test_a_published_value_is_projected_by_the_subscribers_selection(served: Served) -> None:
    one = await served.subscribe("subscription { mine: onNote { said: text id __typename earlier { id } } }")
    value = {**NOTE, "earlier": [{"id": "0", "text": "x"}], "count": 3}
    assert frame(one, value) == {
        "data": {"mine": {"said": "hello", "id": "1", "__typename": "Note", "earlier": [{"id": "0"}]}}
    }


async def test_fields_that_the_mutation_did_not_select_arrive_as_null(served: Served) -> None:
    one = await served.subscribe("subscription { onNote { id count earlier { id } } }")
    assert frame(one, {"id": "1"}) == {"data": {"onNote": {"id": "1", "count": None, "earlier": None}}}


async def test_a_missing_field_that_may_not_be_null_is_an_error(served: Served) -> None:
    one = await served.subscribe("subscription { onNote { id text } }")
    answer = frame(one, {"text": "x"})
    assert answer["data"] == {"onNote": None}
    message = "Cannot return null for non-nullable type: 'ID' within parent 'Note' (/onNote/id)"
    assert answer["errors"] == [{"path": ["onNote", "id"], "locations": None, "message": message}]


async def test_a_subscriber_does_not_see_fields_of_another_mode(served: Served) -> None:
    one = await served.subscribe("subscription { onNote { id secret } }")
    answer = frame(one, {"id": "1", "secret": "s"})
    assert answer["data"] == {"onNote": {"id": "1", "secret": None}}
    assert answer["errors"][0]["errorType"] == "Unauthorized"


async def test_published_json_text_is_not_quoted_again(served: Served) -> None:
    result = await served.run(ADD, input={"id": "1", "data": '{"a":1}'})
    one = await served.subscribe("subscription { onNote { data } }")
    assert result.published[0].value is not None
    assert frame(one, result.published[0].value) == {"data": {"onNote": {"data": '{"a":1}'}}}


async def key(served: Served, query: str, identity: Identity = ANN, **variables: Any) -> Any:
    return (await served.subscribe(query, identity, **variables)).group_key


async def test_subscriptions_share_a_group_when_filter_and_selection_are_equal(served: Served) -> None:
    base = await key(served, ON_NOTE, u="ann")
    other_text = "subscription X($who: ID) { onNote(userId: $who) { id, text } }"
    assert await key(served, other_text, who="ann") == base
    bob = Identity(mode=AuthMode.COGNITO, principal="bob", context={"claims": {"sub": "bob"}, "groups": None})
    assert await key(served, ON_NOTE, bob, u="ann") == base


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (ON_NOTE, {"u": "bob"}),
        (ON_NOTE, {}),
        (ON_NOTE, {"u": None}),
        (ON_NOTE, {"u": "ann", "t": "x"}),
        ("subscription($u: ID) { onNote(userId: $u) { id } }", {"u": "ann"}),
        ("subscription($u: ID) { onNote(userId: $u) { text id } }", {"u": "ann"}),
        ("subscription($u: ID) { mine: onNote(userId: $u) { id text } }", {"u": "ann"}),
        ("subscription($u: ID) { onNote(userId: $u) { id text text2: text } }", {"u": "ann"}),
        (ON_MINE, {"u": "ann"}),
    ],
    ids=["value", "absent", "null", "one more", "selection", "order", "alias", "inner alias", "field"],
)
async def test_subscriptions_that_differ_do_not_share_a_group(
    served: Served, query: str, variables: dict[str, Any]
) -> None:
    assert await key(served, query, **variables) != await key(served, ON_NOTE, u="ann")


async def test_groups_differ_by_decided_directives_and_by_access(served: Served) -> None:
    query = "subscription($w: Boolean!) { onNote { id text @include(if: $w) } }"
    assert await key(served, query, w=True) != await key(served, query, w=False)
    lead = Identity(mode=AuthMode.COGNITO, principal="l", context={"claims": {"sub": "l"}, "groups": ["x"]})
    assert await key(served, ON_NOTE, lead) != await key(served, ON_NOTE)


# ---- broken definitions ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sdl": "type Query {"}, "the schema is not valid"),
        ({"sdl": "type Query { a: Nothing }"}, "Unknown type 'Nothing'"),
        ({"resolvers": (stored("return (1;", ""),)}, "Query.stored: line 2: ) is missing"),
        ({"data_sources": ()}, "uses the data source none, which isn't there"),
        (
            {
                "resolvers": (
                    ResolverDefinition(type_name="Query", field_name="gone", code="", data_source="none"),
                )
            },
            "there is a resolver for Query.gone, but the schema has no such field",
        ),
        (
            {
                "resolvers": (
                    ResolverDefinition(
                        type_name="Query",
                        field_name="steps",
                        kind=PIPELINE,
                        code=payload("1"),
                        functions=("f",),
                    ),
                )
            },
            "Query.steps uses the function f, which isn't there",
        ),
    ],
    ids=["syntax", "unknown type", "broken code", "no data source", "no field", "no function"],
)
def test_a_definition_that_cannot_be_served_is_refused_with_the_part_that_is_broken(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        Served(**change)
    assert message in str(refused.value)


async def test_a_resolver_without_javascript_fails_with_the_reason_when_it_is_used() -> None:
    mapped = ResolverDefinition(type_name="Query", field_name="nowhere", code="", data_source="none")
    error = (await Served(resolvers=(mapped,)).ask("{ nowhere }", ANN))["errors"][0]
    assert error["message"] == "Query.nowhere has no APPSYNC_JS code; localcloud runs no other resolvers"
