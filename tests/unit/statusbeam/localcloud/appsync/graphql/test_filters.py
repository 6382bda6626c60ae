"""The published values that a subscription gets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.localcloud.appsync.graphql.filters import FilterError, basic_filter, enhanced_filter

STATUS: dict[str, Any] = {
    "userId": "ann",
    "tenantId": "north",
    "sequence": 7,
    "progress": 0.5,
    "done": False,
    "toolName": None,
    "tags": ["red", "blue"],
    "place": {"city": {"name": "Ulm"}},
}


def rule(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"fieldName": field, "operator": operator, "value": value}


def group(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"filters": list(rules)}


def filter_of(*groups: dict[str, Any]) -> dict[str, Any]:
    return {"filterGroup": list(groups)}


@pytest.mark.parametrize(
    ("arguments", "passes"),
    [
        ({}, True),
        ({"userId": "ann"}, True),
        ({"userId": "bob"}, False),
        ({"userId": "ann", "sequence": 7}, True),
        ({"userId": "ann", "sequence": 8}, False),
        ({"toolName": None}, True),
        ({"userId": None}, False),
        ({"nowhere": None}, True),
        ({"nowhere": "x"}, False),
        ({"done": False}, True),
        ({"done": 0}, False),
        ({"sequence": "7"}, False),
    ],
    ids=[
        "no argument lets all through",
        "equal",
        "not equal",
        "all equal",
        "one not equal",
        "null wants null",
        "null refuses a value",
        "an absent field is null",
        "an absent field has no value",
        "false is a value",
        "0 is not false",
        "a number is not its text",
    ],
)
def test_the_basic_filter_compares_arguments_with_top_level_fields(
    arguments: dict[str, Any], passes: bool
) -> None:
    assert basic_filter(arguments).matches(STATUS) is passes


@pytest.mark.parametrize(
    ("field", "operator", "value", "passes"),
    [
        ("userId", "eq", "ann", True),
        ("userId", "eq", "bob", False),
        ("sequence", "eq", 7.0, True),
        ("sequence", "eq", True, False),
        ("userId", "ne", "bob", True),
        ("toolName", "ne", "bob", True),
        ("sequence", "le", 7, True),
        ("sequence", "lt", 7, False),
        ("sequence", "ge", 7, True),
        ("sequence", "gt", 7, False),
        ("progress", "gt", 0.4, True),
        ("userId", "gt", "amy", True),
        ("userId", "gt", 1, False),
        ("toolName", "gt", 1, False),
        ("done", "ge", 0, False),
        ("userId", "contains", "nn", True),
        ("userId", "contains", "x", False),
        ("tags", "contains", "red", True),
        ("tags", "contains", "re", False),
        ("toolName", "contains", "x", False),
        ("userId", "notContains", "x", True),
        ("tags", "notContains", "red", False),
        ("userId", "beginsWith", "an", True),
        ("userId", "beginsWith", "nn", False),
        ("toolName", "beginsWith", "a", False),
        ("userId", "in", ["bob", "ann"], True),
        ("userId", "in", ["bob"], False),
        ("sequence", "in", [7], True),
        ("userId", "notIn", ["bob"], True),
        ("userId", "notIn", ["ann"], False),
        ("sequence", "between", [7, 9], True),
        ("sequence", "between", [8, 9], False),
        ("userId", "between", ["a", "b"], True),
        ("tags", "containsAny", ["green", "blue"], True),
        ("tags", "containsAny", ["green"], False),
        ("place.city.name", "eq", "Ulm", True),
        ("place.city.name", "eq", "Bonn", False),
        ("place.nowhere.name", "eq", "Ulm", False),
        ("userId.name", "eq", "Ulm", False),
        ("tags.0", "eq", "red", False),
    ],
)
def test_each_operator_of_an_enhanced_filter(field: str, operator: str, value: Any, passes: bool) -> None:
    assert enhanced_filter(filter_of(group(rule(field, operator, value)))).matches(STATUS) is passes


@pytest.mark.parametrize(
    ("groups", "passes"),
    [
        ([group(rule("userId", "eq", "ann"), rule("sequence", "gt", 1))], True),
        ([group(rule("userId", "eq", "ann"), rule("sequence", "gt", 9))], False),
        ([group(rule("userId", "eq", "bob")), group(rule("sequence", "gt", 1))], True),
        ([group(rule("userId", "eq", "bob")), group(rule("sequence", "gt", 9))], False),
        ([], True),
    ],
    ids=["all rules hold", "one rule fails", "one group holds", "no group holds", "no group at all"],
)
def test_groups_are_alternatives_and_rules_must_all_hold(groups: list[Any], passes: bool) -> None:
    assert enhanced_filter(filter_of(*groups)).matches(STATUS) is passes


@pytest.mark.parametrize(
    "given_filter",
    [
        None,
        {},
        {"filterGroup": "x"},
        filter_of({}),
        filter_of(group()),
        filter_of(group({"operator": "eq", "value": 1})),
        filter_of(group(rule("a", "like", "x"))),
        filter_of(group(rule("a", "eq", None))),
        filter_of(group(rule("a", "eq", [1]))),
        filter_of(group(rule("a", "in", "x"))),
        filter_of(group(rule("a", "between", [1]))),
        filter_of(group(rule("a.b.c.d.e.f", "eq", 1))),
        filter_of(group(rule("a", "in", [1, 2, 3, 4, 5, 6]))),
    ],
    ids=[
        "null",
        "no groups",
        "groups are no list",
        "no filters",
        "empty filters",
        "no field",
        "unknown operator",
        "no value",
        "a list for one value",
        "one value for a list",
        "half a range",
        "too deep",
        "too many values",
    ],
)
def test_a_malformed_filter_is_refused(given_filter: Any) -> None:
    with pytest.raises(FilterError):
        enhanced_filter(given_filter)


@pytest.mark.parametrize(
    ("groups", "index"),
    [
        ([group(rule("jobId", "eq", "j"), rule("userId", "eq", "ann"))], ("userId", "ann")),
        ([group(rule("jobId", "eq", "j"), rule("tenantId", "eq", "n"))], ("tenantId", "n")),
        ([group(rule("tenantId", "eq", "n"), rule("userId", "eq", "a"))], ("userId", "a")),
        ([group(rule("jobId", "eq", "j"))], ("jobId", "j")),
        ([group(rule("sequence", "eq", 7))], None),
        ([group(rule("userId", "in", ["ann"]))], None),
        ([group(rule("place.city", "eq", "x"))], None),
        ([group(rule("userId", "eq", "a")), group(rule("userId", "eq", "a"))], ("userId", "a")),
        ([group(rule("userId", "eq", "a")), group(rule("userId", "eq", "b"))], None),
        ([], None),
    ],
    ids=[
        "the user first",
        "then the tenant",
        "the user before the tenant",
        "any other field",
        "only texts",
        "only equality",
        "only top-level fields",
        "in every group",
        "not in every group",
        "no group",
    ],
)
def test_the_index_names_what_every_wanted_value_has(groups: list[Any], index: Any) -> None:
    assert enhanced_filter(filter_of(*groups)).index == index


def test_the_index_of_a_basic_filter_is_an_argument() -> None:
    assert basic_filter({"userId": "ann", "jobId": None}).index == ("userId", "ann")
    assert basic_filter({"jobId": None}).index is None


def test_filters_with_the_same_rules_have_the_same_key_in_any_order() -> None:
    one, other = rule("a", "eq", 1), rule("b", "in", [1, 2])
    key = enhanced_filter(filter_of(group(one, other), group(other))).key
    assert enhanced_filter(filter_of(group(other), group(other, one))).key == key
    assert enhanced_filter(filter_of(group(one, other))).key != key
    assert basic_filter({"a": 1}).key == enhanced_filter(filter_of(group(one))).key
    assert basic_filter({"a": "1"}).key != basic_filter({"a": 1}).key


values = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b"])
statuses = st.dictionaries(st.sampled_from(["userId", "tenantId", "x"]), values)
rules = st.builds(
    rule,
    st.sampled_from(["userId", "tenantId", "x"]),
    st.sampled_from(["eq", "ne", "le", "contains", "beginsWith"]),
    st.sampled_from(["", "a", "b"]),
)


@given(groups=st.lists(st.lists(rules, min_size=1, max_size=3), max_size=3), status=statuses)
def test_every_passing_value_has_the_indexed_value(
    groups: list[list[dict[str, Any]]], status: dict[str, Any]
) -> None:
    wanted = enhanced_filter(filter_of(*(group(*one) for one in groups)))
    if wanted.index is not None and wanted.matches(status):
        name, value = wanted.index
        assert status.get(name) == value
