"""Redaction is linear in the bytes of its input, counted in steps and in the patterns' own structure."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statusbeam.model import redaction
from statusbeam.model.lazy import Lazy
from statusbeam.model.limits import REDACTED_LENGTH, REDACTION_DEPTH, REDACTION_STEPS
from statusbeam.model.redaction.budget import A_NAME, Budget
from statusbeam.model.redaction.marks import UNSEARCHED, mark
from statusbeam.model.redaction.names import SHORT_STEMS, STEMS
from statusbeam.model.redaction.redactor import Redactor
from statusbeam.model.redaction.walk import Walk
from tests.unit.statusbeam.model.redaction.corpus_ordinary import ordinary
from tests.unit.statusbeam.model.redaction.corpus_secrets import secrets

KEY = "PRIVATE" + " KEY"
MANY = 10**12
STEPS_A_CHARACTER = 1_500
"""No input costs more, in whatever size: names that follow each other are the worst."""

PIECES = sorted(
    {*STEMS, *SHORT_STEMS}
    | {
        "=",
        ": ",
        '="',
        "='",
        " is ",
        " for a ",
        " (",
        "\n",
        "|",
        ">",
        '",',
        "</td><td>",
        " a/",
        "\\",
        '"',
        "'",
    }
    | {
        "{",
        '{"',
        '{"a":',
        "[",
        '["',
        "//",
        "://a:",
        "@",
        "%41",
        "%25",
        "1 ",
        "1111 ",
        "DE12",
        "\u200b",
        "\uff21",
        "-",
    }
    | {
        "sk-",
        "eyJa.",
        "curl -u a",
        "mysql -p",
        "<input type=password ",
        f"-----BEGIN {KEY}-----",
        "login a/",
    }
    | {
        f"-----END {KEY}-----",
        "[redacted: secret]",
        "[redacted: ",
        ";base64,",
        "QUFB",
        "a",
        "\u0130",
        "seed phrase ",
    }
)
TEXTS = [text for _, text, _ in secrets()] + [text for _, text in ordinary()]


def steps_of(value: Any) -> int:
    budget = Budget(MANY)
    Walk(budget=budget).value(value)
    return MANY - budget.left


def size_of(value: Any) -> int:
    if isinstance(value, dict):
        return 2 + sum(size_of(key) + size_of(item) for key, item in value.items())
    if isinstance(value, list):
        return 2 + sum(map(size_of, value))
    return len(value) if isinstance(value, str) else 2


def _patterns() -> Iterator[tuple[str, str]]:
    for module in pkgutil.iter_modules(redaction.__path__):
        for name, found in vars(importlib.import_module(f"{redaction.__name__}.{module.name}")).items():
            for pattern in _within(found, depth=4):
                yield f"{module.name}.{name}", pattern.pattern


def _within(found: Any, depth: int) -> Iterator[Lazy]:
    if isinstance(found, Lazy):
        yield found
    elif isinstance(found, dict | list | tuple | frozenset) and depth:
        for item in found.values() if isinstance(found, dict) else found:
            yield from _within(item, depth - 1)
    elif hasattr(found, "literals") and hasattr(found, "pattern"):
        yield from _within(found.pattern, depth)


def test_no_pattern_can_go_back_far() -> None:
    """A repetition is possessive, or has a bound: so a search at one place is bounded."""
    patterns = list(_patterns())
    assert len(patterns) > 150
    for name, pattern in patterns:
        without_classes = re.sub(r"\[(?:[^\]\\]|\\.)*\]", "C", pattern)
        bare = without_classes.replace("++", "").replace("*+", "").replace(",}+", "}")
        assert not re.search(r"(?<!\\)(?<!\\\\)[*+]", re.sub(r"\\.|\}\+", "", bare)), name
        assert not re.search(r"\{\d+,\}", bare), name


def test_no_pattern_repeats_a_repetition_without_a_bound() -> None:
    for name, pattern in _patterns():
        without_classes = re.sub(r"\[(?:[^\]\\]|\\.)*\]", "C", pattern)
        for inner in re.findall(r"\((?:[^()\\]|\\.)*\)\{\d+,(\d+)\}", without_classes):
            assert int(inner) <= 128, name


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES) | st.text(max_size=3), min_size=1, max_size=4).map("".join).filter(bool)
)
def test_a_repeated_text_costs_as_many_times_as_it_is_repeated(unit: str) -> None:
    length = 1_500
    once, twice, four = (
        steps_of((unit * (times * length // len(unit) + 1))[: times * length]) for times in (1, 2, 4)
    )
    assert four <= STEPS_A_CHARACTER * 4 * length
    # The number of rounds may differ between sizes, but never grows with them.
    assert twice <= 2 * once * 6
    assert four <= 4 * once * 6


@pytest.mark.parametrize("text", TEXTS[::7])
def test_an_everyday_text_costs_in_proportion_to_its_length(text: str) -> None:
    unit = f"{text}\n"
    one, ten = steps_of(unit * 5), steps_of(unit * 50)
    assert ten <= 10 * one * 6


values = st.recursive(
    st.none() | st.integers() | st.sampled_from(PIECES) | st.sampled_from(TEXTS) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(TEXTS + PIECES), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(values)
def test_nested_data_costs_in_proportion_to_its_size(value: Any) -> None:
    size = size_of(value) + 8
    for times in (1, 8):
        assert steps_of([value] * times) <= STEPS_A_CHARACTER * size * times
    named = {f"{at} {key}": value for at in range(8) for key in ("pwd=0", "k")}
    assert steps_of(named) <= STEPS_A_CHARACTER * (size + 16) * 16


@pytest.mark.parametrize(
    "make", [lambda at: f"pwd={at}", lambda at: f"k{at} password={at}x", lambda at: f"{at}"]
)
def test_keys_that_all_get_one_mark_cost_in_proportion_to_their_number(make: Any) -> None:
    small, large = ({make(at): at for at in range(count)} for count in (500, 4_000))
    assert steps_of(large) <= 9 * steps_of(small)
    found = Walk().value(small)
    assert len(found) == 500
    assert Walk().value(found) == found


def test_many_keys_of_one_mark_are_numbered_once_each() -> None:
    found = Redactor().entry({"metadata": {f"pwd={at}": at for at in range(3)}})["metadata"]
    key = "pwd=[redacted: secret]"
    assert found == {key: 0, f"{key} (2)": 1, f"{key} (3)": 2}


def test_text_beyond_the_steps_is_not_shown() -> None:
    walk = Walk(budget=Budget(20_000))
    texts = [f"the password is hunter{at}" for at in range(200)]
    found = walk.value(texts)
    assert found[0] == "the password is [redacted: secret]"
    assert found[-1] == mark(UNSEARCHED)
    assert not any("hunter" in text for text in found)


def test_a_huge_text_is_cut_before_it_is_searched() -> None:
    text = "the password is hunter2. " * 40_000
    found = Redactor().text(text)
    assert len(found) <= REDACTED_LENGTH
    assert found.endswith(mark(UNSEARCHED))
    assert steps_of("a b c " * 200_000) <= 3 * REDACTED_LENGTH
    assert Redactor().text(found) == found


def test_one_status_costs_no_more_steps_than_the_limit() -> None:
    names = "senha:" * (REDACTION_STEPS // A_NAME)
    assert Redactor().text(names[: len(names) // 2]) == names[: len(names) // 2]
    assert Redactor().text(names + "senha:" * 9) == mark(UNSEARCHED)


@pytest.mark.parametrize(
    ("depth", "seen"), [(REDACTION_DEPTH, True), (REDACTION_DEPTH + 1, False), (500, False)]
)
def test_a_structure_is_walked_as_deep_as_the_limit(depth: int, seen: bool) -> None:
    deep: Any = "the password is hunter2, says Ana"
    for _ in range(depth):
        deep = [deep]
    found = str(Walk().value(deep))
    assert "hunter2" not in found
    assert ("says Ana" in found) is seen
