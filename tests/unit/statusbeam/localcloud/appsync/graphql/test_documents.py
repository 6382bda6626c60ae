"""The cost limit of documents: bombs of a few kilobytes are refused by counting, without execution."""

from __future__ import annotations

import asyncio
import gc
import json
import tracemalloc
from typing import Any

import pytest
from graphql import OperationDefinitionNode, build_schema, parse, validate
from graphql.language import FragmentDefinitionNode
from graphql.validation import OverlappingFieldsCanBeMergedRule
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.localcloud.appsync.contract import AppSyncError
from statusbeam.localcloud.appsync.graphql.byte_cache import ByteCache
from statusbeam.localcloud.appsync.graphql.documents import LIGHT_CHARACTERS
from statusbeam.localcloud.appsync.graphql.merging import MergeCheck
from statusbeam.localcloud.appsync.graphql.weights import MAX_NODES, MAX_STEPS, Budget, Scales
from tests.unit.statusbeam.localcloud.appsync.graphql.notes_api import ANN, Served, payload


@pytest.fixture
def served() -> Served:
    return Served()


def doubling(inside: str, levels: int = 300) -> str:
    """A note of fragments F0 … Fn; `inside` is each one's selection, with # for the spread of the next."""
    spreads = [f"fragment F{n} on Note {{ {inside.replace('#', f'...F{n + 1}')} }}" for n in range(levels)]
    return " ".join(['{ note(id: "1") { ...F0 } }', *spreads, f"fragment F{levels} on Note {{ id }}"])


def many(count: int, text: str) -> str:
    """The text for each number, which stands where # is."""
    return " ".join(text.replace("#", str(number)) for number in range(count))


WIDE = f"fragment W on Query {{ {many(200, 'b#: nowhere')} }}"
OFTEN = f"fragment F on Note {{ {'text ' * 100} }}"
BOMBS = {
    "spread twice": doubling("# #"),
    "below two aliases": doubling("a: earlier { # } b: earlier { # }"),
    "below one field twice": doubling("earlier { # } earlier { # }"),
    "in inline fragments": doubling("... { # } ... @include(if: true) { # }"),
    "in directives": doubling("... on Note @skip(if: false) { # } #"),
    "wide and spread": f"{{ {many(200, 'a#: nowhere ...W')} }} {WIDE}",
    "one field often": f'{{ note(id: "1") {{ {"id " * 12_000} }} }}',
    "many operations": many(900, "query Q# { note(id: 1) { ...F } }") + OFTEN,
    "large literals": 'mutation { addNote(input: {id: "1", tags: [' + '"" ' * 12_000 + "]}) { id } }",
}


@pytest.mark.parametrize("name", BOMBS)
async def test_a_document_that_expands_to_too_many_fields_is_refused(served: Served, name: str) -> None:
    answer = await served.ask(BOMBS[name])
    assert answer["data"] is None
    assert answer["errors"][0]["errorType"] == "LimitExceeded"
    assert str(MAX_NODES) in answer["errors"][0]["message"]


async def test_a_subscription_that_expands_to_too_many_fields_is_refused(served: Served) -> None:
    query = doubling("# #").replace('{ note(id: "1")', "subscription { onNote", 1)
    with pytest.raises(AppSyncError) as refused:
        await served.subscribe(query)
    assert refused.value.error_type == "LimitExceeded"


async def test_a_document_below_the_limit_is_answered_whole(served: Served) -> None:
    fragment = f"fragment F on Note {{ {'id ' * 3_000} }}"
    query = f'{{ note(id: "1") {{ {many(1_000, "a#: id")} ...F ...F }} }} {fragment}'
    answer = await served.ask(query)
    assert answer["data"]["note"] == {**{f"a{n}": "1" for n in range(1_000)}, "id": "1"}


@pytest.mark.parametrize(
    "cycle",
    [
        "fragment F on Note { ...F }",
        "fragment F on Note { earlier { ...G } } fragment G on Note { earlier { ...F } id }",
    ],
)
async def test_fragments_that_contain_themselves_are_refused_by_name(served: Served, cycle: str) -> None:
    answer = await served.ask('{ note(id: "1") { ...F } } ' + cycle)
    assert "Cannot spread fragment 'F' within itself" in answer["errors"][0]["message"]


def test_a_fragment_is_weighed_with_its_arguments_and_once() -> None:
    document = parse(
        "{ a(x: [1, {y: 2}]) @skip(if: false) { ...F ...F ... { b } } ...G } fragment F on T { c { d } }"
    )
    operation, fragment = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert isinstance(fragment, FragmentDefinitionNode)
    weight = Scales({"F": fragment}).weigh(operation.selection_set)
    a, twice_f, inline, g = 1 + len(["[", "1", "{", "2"]) + len(["false"]), 2 * len(["F", "c", "d"]), 2, 1
    assert weight.nodes == a + twice_f + inline + g
    assert weight.depth == 3


async def test_types_that_share_an_interface_do_not_multiply_a_document_without_bound() -> None:
    sdl = "interface Node { id: ID child: Node } " + many(
        3, "type T# implements Node @aws_iam { id: ID child: Node }"
    )
    served = Served(sdl=f"{sdl} type Query {{ node: Node @aws_iam }}", code={})
    answer = await served.ask("{ node " + "{ child " * 40 + "{ id }" + " }" * 40 + " }")
    assert answer["errors"][0]["errorType"] == "LimitExceeded"


# ---- introspection -----------------------------------------------------------------------------------


async def test_introspection_that_multiplies_the_schema_is_refused(served: Served) -> None:
    deep = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"
    assert "introspection depth" in (await served.ask(deep, ANN))["errors"][0]["message"]
    wide = f"{{ __schema {{ types {{ {many(600, 'a#: name')} }} }} }}"
    assert (await served.ask(wide, ANN))["errors"][0]["errorType"] == "LimitExceeded"


# ---- beside the event loop -----------------------------------------------------------------------------


async def test_others_are_answered_while_a_long_document_is_checked(served: Served) -> None:
    answered: list[str] = []

    async def ask(name: str, query: str) -> None:
        assert "errors" not in await served.ask(query)
        answered.append(name)

    long = f'{{ note(id: "1") {{ {many(2_000, "a#: id")} }} }}'
    assert len(long) > LIGHT_CHARACTERS
    await asyncio.gather(ask("long", long), ask("short", '{ note(id: "1") { id } }'))
    assert answered == ["short", "long"]


async def test_others_are_answered_while_a_heavy_document_is_compiled(served: Served) -> None:
    answered: list[str] = []

    async def ask(name: str, query: str) -> None:
        assert "errors" not in await served.ask(query)
        answered.append(name)

    heavy = doubling("a: earlier { # } b: earlier { # }", levels=8)
    assert len(heavy) < LIGHT_CHARACTERS
    await asyncio.gather(ask("heavy", heavy), ask("short", '{ note(id: "1") { id } }'))
    assert answered == ["short", "heavy"]


# ---- root fields that are left out -------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        '{ note(id: "1") @skip(if: true) { id } }',
        'query($no: Boolean = false) { note(id: "1") @include(if: $no) { id } steps @include(if: $no) }',
        "{ ... @skip(if: true) { nowhere } ...F @include(if: false) } fragment F on Query { steps }",
        'mutation { revoke(userId: "1") @skip(if: true) }',
    ],
)
async def test_an_operation_whose_root_fields_are_all_skipped_is_refused(served: Served, query: str) -> None:
    answer = await served.ask(query)
    assert answer["data"] is None
    assert [error["errorType"] for error in answer["errors"]] == ["ValidationError"]


async def test_a_subscription_whose_root_field_is_skipped_is_refused(served: Served) -> None:
    with pytest.raises(AppSyncError) as refused:
        await served.subscribe("subscription($s: Boolean = true) { onNote @skip(if: $s) { id } }")
    assert (refused.value.error_type, refused.value.status) == ("ValidationError", 400)


# ---- the merge rule ------------------------------------------------------------------------------------

MERGED = build_schema(
    "interface I { x: Int, y: Int, s: I, l: [I] } union U = A | B"
    " type A implements I { x: Int, y: Int, s: I, l: [I], o: String, u: U, n(a: Int): Int }"
    " type B implements I { x: Int, y: Int, s: I, l: [I], o: Int!, u: U, n(a: Int): Int }"
    " type Query { i: I, a: A, u: U }"
)
LEAVES = st.sampled_from(["x", "y", "x: y", "y: x", "__typename"])
OF_A_OR_B = st.sampled_from(["o", "x: o", "n", "n(a: 1)", "n(a: 2)", "x: n"])


def selections(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    below = st.sampled_from(["s", "l", "s: l", "l: s"])
    typed = st.sampled_from(["A", "B"])
    members = st.one_of(
        LEAVES,
        st.builds("{} {{ {} }}".format, below, inner),
        st.builds("... on {} {{ {} {} }}".format, typed, OF_A_OR_B, inner),
        st.just("...F"),
        st.just("...G"),
    )
    return st.lists(members, min_size=1, max_size=4).map(" ".join)


OF_I = st.recursive(LEAVES, selections, max_leaves=12)


@given(root=OF_I, one=OF_I, two=OF_I)
def test_the_merge_rule_decides_as_graphql_cores(root: str, one: str, two: str) -> None:
    one, two = (text.replace("...F", "__typename").replace("...G", "__typename") for text in (one, two))
    text = (
        f"{{ i {{ ...F ...G {root} }} i {{ __typename {root} }} }}"
        f" fragment F on I {{ __typename ...G {one} }} fragment G on A {{ __typename {two} }}"
    )
    document = parse(text)
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    root_type = MERGED.query_type
    assert root_type is not None
    wanted = bool(validate(MERGED, document, rules=[OverlappingFieldsCanBeMergedRule]))
    found = MergeCheck(MERGED, fragments, Budget(MAX_STEPS)).conflict(root_type, operation.selection_set)
    assert (found is not None) == wanted


# ---- the cache -----------------------------------------------------------------------------------------


def test_a_cache_drops_what_was_unused_for_longest_and_never_exceeds_its_bytes() -> None:
    cache: ByteCache[str, int] = ByteCache(10)
    cache.put("a", 1, 4)
    cache.put("b", 2, 4)
    assert cache.get("a") == 1
    cache.put("c", 3, 6)
    assert (cache.get("a"), cache.get("b"), cache.get("c"), cache.size) == (1, None, 3, 10)
    cache.put("a", 4, 2)
    assert (cache.get("a"), cache.size) == (4, 8)
    cache.put("large", 5, 11)
    assert (cache.get("large"), len(cache), cache.size) == (None, 2, 8)


@pytest.mark.parametrize("kind", ["valid", "invalid", "long"])
async def test_documents_and_plans_in_the_caches_are_within_their_bytes(kind: str) -> None:
    """The estimates are held to what Python measures: the caches' sizes are at least the real ones."""
    served = Served()
    api = served.api._api
    texts: dict[str, Any] = {
        "valid": lambda n: f'{{ note(id: "1") {{ {many(100, f"a{n}x#: id")} }} }}',
        "invalid": lambda n: f'{{ note(id: "1") {{ {many(100, f"a{n}x#")} }} }}',
        "long": lambda n: f'{{ note(id: "1") {{ text }} }} # {n} {"-" * 20_000}',
    }
    await served.ask(texts[kind](-1))
    size, plans = api.documents.cache.size, api.plans.size
    gc.collect()
    tracemalloc.start()
    for number in range(10):
        await served.ask(texts[kind](number))
    gc.collect()
    measured = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert 0 < measured < api.documents.cache.size - size + api.plans.size - plans


# ---- ctx.info ------------------------------------------------------------------------------------------


async def test_a_resolver_sees_the_selection_as_list_and_as_graphql() -> None:
    info = payload("{ id: JSON.stringify([ctx.info.selectionSetList, ctx.info.selectionSetGraphQL]) }")
    served = Served(code={("Query", "note"): info})
    query = (
        'query($yes: Boolean!) { note(id: "1")'
        " { id said: text ...F ... on Note { count } data @skip(if: $yes) } }"
        " fragment F on Note { earlier { id } }"
    )
    found = json.loads((await served.ask(query, yes=True))["data"]["note"]["id"])
    assert found[0] == ["id", "said", "earlier", "earlier/id", "count"]
    assert found[1].split() == (
        [
            "{",
            "id",
            "said:",
            "text",
            "...F",
            "...",
            "on",
            "Note",
            "{",
            "count",
            "}",
            "data",
            "@skip(if:",
            "$yes)",
            "}",
        ]
    )
