"""Values and selections: compiled plans give the results of graphql-core's executor, with AppSync's
messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import GraphQLResolveInfo, execute_sync, parse, validate
from hypothesis import assume, given
from hypothesis import strategies as st

from statusbeam.localcloud.appsync.contract import AuthMode, GraphQLRequest, Identity
from statusbeam.localcloud.appsync.control_plane.definition import (
    ApiDefinition,
    AuthProvider,
    DataSourceDefinition,
    ResolverDefinition,
)
from statusbeam.localcloud.appsync.graphql.api_schema import build_api_schema
from statusbeam.localcloud.appsync.graphql.engine import AppSyncApi

SDL = """
enum Kind { RED BLUE }
interface Named { name: String! }
type Leaf implements Named { name: String! size: Int! }
union Thing = Node | Leaf
type Node implements Named {
  id: ID!
  name: String!
  count: Int
  ratio: Float
  flag: Boolean!
  kind: Kind
  when: AWSDateTime
  data: AWSJSON
  child: Node
  must: Node!
  children: [Node]
  strict: [Node!]!
  numbers: [Int!]
  grid: [[Int]]
  named: Named
  things: [Thing!]
  derived: String
}
type Query { node(value: AWSJSON): Node  nodes(value: AWSJSON): [Node!]  thing(value: AWSJSON): Thing }
"""
PASS = (
    "export function request(ctx) { return { payload: ctx.args.value }; }\n"
    "export function response(ctx) { return ctx.result; }"
)
DERIVE = (
    "export function request(ctx) { return { payload: ctx.source.name }; }\n"
    "export function response(ctx) { return ctx.result === null ? null : `about ${ctx.result}`; }"
)
KEY = Identity(mode=AuthMode.API_KEY, principal="key")
SCHEMA = build_api_schema(SDL)


def resolver(type_name: str, field_name: str, code: str) -> ResolverDefinition:
    return ResolverDefinition(type_name=type_name, field_name=field_name, code=code, data_source="none")


def api_with(*resolvers: ResolverDefinition) -> AppSyncApi:
    roots = [resolver("Query", name, PASS) for name in ("node", "nodes", "thing")]
    definition = ApiDefinition(
        api_id="api",
        name="things",
        sdl=SDL,
        default_auth=AuthProvider(mode=AuthMode.API_KEY),
        data_sources=(DataSourceDefinition(name="none", type="NONE"),),
        resolvers=(*roots, *resolvers),
    )
    return AppSyncApi(definition, data_sources=no_source, iam_allows=lambda *_: False)


def no_source(definition: DataSourceDefinition) -> Any:
    raise AssertionError(definition)


PLAIN = api_with()
DERIVED = api_with(resolver("Node", "derived", DERIVE))


def run(api: AppSyncApi, query: str, value: Any, **variables: Any) -> dict[str, Any]:
    """The answer; an operation on NONE sources must not wait for anything."""
    request = GraphQLRequest(query=query, variables={"value": json.dumps(value), **variables})
    running = api.execute(request, KEY)
    with pytest.raises(StopIteration) as finished:
        running.send(None)
    answer: dict[str, Any] = json.loads(finished.value.value.body)
    return answer


def resolve_as_the_resolvers_do(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    if info.parent_type.name == "Query":
        return arguments.get("value")
    if info.field_name == "derived":
        name = source.get("name")
        return None if name is None else f"about {name}"
    return source.get(info.field_name)


def as_graphql_core_answers(
    query: str, value: Any, *, derived: bool, **variables: Any
) -> tuple[Any, set[str]]:
    """graphql-core's data, and the paths of its errors."""

    def resolve(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        if info.field_name == "derived" and not derived:
            return source.get("derived")
        return resolve_as_the_resolvers_do(source, info, **arguments)

    result = execute_sync(
        SCHEMA,
        parse(query),
        {},
        variable_values={"value": json.dumps(value), **variables},
        field_resolver=resolve,
        type_resolver=lambda found, *_: found.get("__typename"),
    )
    return result.data, {json.dumps(error.path) for error in result.errors or ()}


# ---- equality with graphql-core --------------------------------------------------------------------

LEAVES = [
    "id",
    "name",
    "count",
    "ratio",
    "flag",
    "kind",
    "when",
    "data",
    "numbers",
    "grid",
    "derived",
    "__typename",
]
OBJECTS = ["child", "must", "children", "strict"]


def selection(depth: int) -> st.SearchStrategy[str]:
    """The fields between the braces of a Node: leaves, aliases, nested nodes, fragments, directives."""
    leaf = st.sampled_from(LEAVES)
    aliased = st.builds("{0}: {1}".format, st.sampled_from(["a", "b", "c"]), st.sampled_from(["id", "name"]))
    guarded = st.builds("{0} @{1}(if: $flag)".format, leaf, st.sampled_from(["include", "skip"]))
    choices = [leaf, aliased.map(unique_alias), guarded, st.just("...Basics")]
    if depth > 0:
        inner = selection(depth - 1)
        choices += [
            st.builds("{0} {{ {1} }}".format, st.sampled_from(OBJECTS), inner),
            st.builds("... on Node @include(if: $flag) {{ {0} }}".format, inner),
            st.builds("... {{ {0} }}".format, inner),
            st.builds("named {{ name ... on Node {{ {0} }} ... on Leaf {{ size }} }}".format, inner),
            st.builds("things {{ __typename ... on Named {{ name }} ... on Node {{ {0} }} }}".format, inner),
        ]
    return st.lists(st.one_of(choices), min_size=1, max_size=5).map(" ".join)


def unique_alias(text: str) -> str:
    """One alias always means one field, else validation refuses the document."""
    alias, name = text.split(": ")
    return f"{alias}_{name}: {name}"


wrong = st.sampled_from([{"x": 1}, [1], "text", "", 1.5, -1, True, 10**12])


def node(depth: int) -> st.SearchStrategy[Any]:
    """A value for a Node: mostly right, with nulls, holes and wrong leaves."""
    fields: dict[str, st.SearchStrategy[Any]] = {
        "id": st.sampled_from(["1", 2]) | st.none(),
        "name": st.text(max_size=3) | st.none(),
        "count": st.integers(-5, 5) | wrong,
        "ratio": st.floats(-1, 1) | wrong,
        "flag": st.booleans() | wrong | st.none(),
        "kind": st.sampled_from(["RED", "BLUE", "GREEN", None]),
        "when": st.sampled_from(["2026-11-20T10:00:00Z", "yesterday", 7, None]),
        "data": st.sampled_from([{"a": [1]}, "text", 0, None]),
        "numbers": st.lists(st.integers(-5, 5) | st.none(), max_size=3) | st.none() | st.just("none"),
        "grid": st.lists(st.lists(st.integers(-5, 5) | st.none(), max_size=2) | st.none(), max_size=2),
    }
    if depth > 0:
        inner = node(depth - 1)
        fields |= {
            "child": inner | st.none(),
            "must": inner | st.none(),
            "children": st.lists(inner | st.none(), max_size=2) | st.none(),
            "strict": st.lists(inner | st.none(), max_size=2) | st.none(),
            "named": inner | st.just({"__typename": "Leaf", "name": "l", "size": 1}) | st.none(),
            "things": st.lists(inner | st.just({"__typename": "Leaf", "name": None}), max_size=2),
        }
    return st.fixed_dictionaries({"__typename": st.just("Node")}, optional=fields)


FRAGMENTS = " fragment Basics on Node { id name child { flag } }"


def document(asked: str) -> str:
    """`$flag` and the fragment are always used, so that hardly any document is refused."""
    asked += " sometimes: id @include(if: $flag) ...Basics"
    return f"query($value: AWSJSON, $flag: Boolean!) {{ node(value: $value) {{ {asked} }} }}{FRAGMENTS}"


@given(asked=selection(3), value=node(3), flag=st.booleans())
def test_plans_answer_as_graphql_core_does(asked: str, value: Any, flag: bool) -> None:
    query = document(asked)
    assume(not validate(SCHEMA, parse(query)))
    data, error_paths = as_graphql_core_answers(query, value, derived=False, flag=flag)
    answer = run(PLAIN, query, value, flag=flag)
    assert answer["data"] == data
    assert {json.dumps(error["path"]) for error in answer.get("errors", ())} == error_paths


async def run_waiting(api: AppSyncApi, query: str, value: Any, **variables: Any) -> dict[str, Any]:
    request = GraphQLRequest(query=query, variables={"value": json.dumps(value), **variables})
    answer: dict[str, Any] = json.loads((await api.execute(request, KEY)).body)
    return answer


@given(asked=selection(3), value=node(3), flag=st.booleans())
async def test_nested_resolvers_answer_as_graphql_core_does(asked: str, value: Any, flag: bool) -> None:
    query = document(asked)
    assume(not validate(SCHEMA, parse(query)))
    data, error_paths = as_graphql_core_answers(query, value, derived=True, flag=flag)
    answer = await run_waiting(DERIVED, query, value, flag=flag)
    assert answer["data"] == data
    # Fields with resolvers run side by side: those beside a failed one may tell of their failures too.
    assert {json.dumps(error["path"]) for error in answer.get("errors", ())} >= error_paths


# ---- AppSync's words -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "value", "data", "message"),
    [
        ("name", {"name": None}, None,
         "Cannot return null for non-nullable type: 'String' within parent 'Node' (/node/name)"),
        ("strict { id }", {"strict": [{"id": "1"}, {}]}, None,
         "Cannot return null for non-nullable type: 'ID' within parent 'Node' (/node/strict[1]/id)"),
        ("children { id }", {"children": [{}, {"id": "1"}]}, {"children": [None, {"id": "1"}]},
         "Cannot return null for non-nullable type: 'ID' within parent 'Node' (/node/children[0]/id)"),
        ("numbers", {"numbers": [1, None]}, {"numbers": None},
         "Cannot return null for non-nullable type: 'Int' within parent 'Node' (/node/numbers[1])"),
        ("when", {"when": "today"}, {"when": None},
         "Can't serialize value (/node/when) : Unable to serialize `today` as a valid DateTime Object."),
        ("numbers", {"numbers": "x"}, {"numbers": None},
         "Can't resolve value (/node/numbers) : type mismatch error, expected type LIST"),
        ("child { id }", {"child": 3}, {"child": None},
         "Can't resolve value (/node/child) : type mismatch error, expected type OBJECT"),
    ],
    ids=["null", "null in a list", "null in an item", "null item", "bad scalar", "no list", "no object"],
)  # fmt: skip
def test_values_of_the_wrong_type_are_reported_with_appsyncs_messages(
    asked: str, value: Any, data: Any, message: str
) -> None:
    answer = run(PLAIN, f"query($value: AWSJSON) {{ node(value: $value) {{ {asked} }} }}", value)
    assert answer["data"] == {"node": data}
    assert [error["message"] for error in answer["errors"]] == [message]
    assert answer["errors"][0]["locations"] is None


def test_aws_json_goes_out_as_text_and_a_text_is_quoted_once_more() -> None:
    query = "query($value: AWSJSON) { nodes(value: $value) { data } }"
    answer = run(PLAIN, query, [{"data": {"a": [1]}}, {"data": "text"}, {"data": None}])
    assert answer["data"] == {"nodes": [{"data": '{"a":[1]}'}, {"data": '"text"'}, {"data": None}]}


def test_a_union_needs_a_type_name_that_it_knows() -> None:
    query = "query($value: AWSJSON) { thing(value: $value) { ... on Leaf { size } } }"
    assert run(PLAIN, query, {"__typename": "Leaf", "size": 3}) == {"data": {"thing": {"size": 3}}}
    assert run(PLAIN, query, {"__typename": "Query"})["data"] == {"thing": None}
    assert "Abstract type 'Thing'" in run(PLAIN, query, {"size": 3})["errors"][0]["message"]
