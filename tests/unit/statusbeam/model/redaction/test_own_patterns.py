"""A deployment's own patterns: limited, without backtracking, rejected with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.model.errors import SettingError
from statusbeam.model.limits import (
    OWN_PATTERN_LENGTH,
    OWN_PATTERN_MATCH,
    OWN_PATTERN_REPEATS,
    OWN_PATTERNS,
)
from statusbeam.model.redaction.own_patterns import own_pattern
from statusbeam.model.redaction.redactor import Redactor

MARK = "[redacted: own pattern]"


@pytest.mark.parametrize(
    ("pattern", "text", "shown"),
    [
        (r"CUST-\d{6}", "for CUST-123456 and CUST-12", f"for {MARK} and CUST-12"),
        (r"CUST-\d+", "for CUST-1234567890", f"for {MARK}"),
        (r"(?i:patient) \w+", "Patient Smith came", f"{MARK} came"),
        (r"\bSmith|Jones\b", "Smith and Jones", f"{MARK} and {MARK}"),
        (r"[A-Z]{2}(?:-\d{3})?", "at XY-123", f"at {MARK}"),
        (r"(ab|cd){2}", "abcd", MARK),
        (r"\$\d+\.\d{2}", "for $19.99", f"for {MARK}"),
        (r"[\[&~|-]\d", "at [1", f"at {MARK}"),
    ],
)
def test_what_a_pattern_matches_is_hidden(pattern: str, text: str, shown: str) -> None:
    redactor = Redactor(redactable=(pattern,))
    assert redactor.text(text) == shown
    assert redactor.text(shown) == shown
    assert redactor.entry({"message": text, "metadata": {"k": [text]}}) == {
        "message": shown,
        "metadata": {"k": [shown]},
    }


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "a" * (OWN_PATTERN_LENGTH + 1),
        "a*",
        "(a",
        "a)",
        "[a",
        "*a",
        "a**b(",
        r"(?=a)b",
        r"(?<!a)b",
        r"(a)\1",
        r"(?P<x>a)",
        "(?:a{100}){100}",
        "a{5,2}",
        "^*",
        "\\",
        "[[]",
        "[[:alpha:]]",
        "[a-z--b]",
        "[ab&&b]",
        "[ab||c]",
        "[a~~b]",
    ],
)
def test_a_pattern_that_is_none_or_too_much_is_refused_by_name(pattern: str) -> None:
    with pytest.raises(SettingError, match="REDACTED_PATTERNS") as refused:
        Redactor(redactable=(pattern,))
    assert repr(pattern[:OWN_PATTERN_LENGTH]) in str(refused.value)


def test_more_patterns_than_the_limit_are_refused() -> None:
    with pytest.raises(SettingError, match="REDACTED_PATTERNS"):
        Redactor(redactable=["a"] * (OWN_PATTERNS + 1))


def test_a_pattern_matches_no_more_than_the_limit() -> None:
    assert own_pattern(f"a{{{OWN_PATTERN_MATCH}}}").search("a" * OWN_PATTERN_MATCH)
    with pytest.raises(SettingError, match=f"at most {OWN_PATTERN_MATCH}"):
        own_pattern(f"a{{{OWN_PATTERN_MATCH + 1}}}")


@pytest.mark.parametrize("sign", "+*")
def test_a_repetition_without_a_bound_has_the_limits(sign: str) -> None:
    found = own_pattern(f"xa{sign}").search("x" + "a" * (OWN_PATTERN_REPEATS + 1))
    assert found is not None
    assert len(found[0]) == 1 + OWN_PATTERN_REPEATS


@pytest.mark.parametrize(
    "hostile", ["(a{1,20}){1,20}b", "(a|a)*b", "(a|ab)(a|ab)(a|ab)(a|ab)c", "a+a+a+a+b", "(?:a?){64}b"]
)
def test_a_pattern_that_would_go_back_does_not(hostile: str) -> None:
    assert Redactor(redactable=(hostile,)).text("a" * 20_000) == "a" * 20_000


@given(st.text(alphabet="ab01()[]{}|*+?\\d^$.,-", max_size=12), st.text(alphabet="ab01", max_size=40))
def test_any_pattern_is_refused_or_terminates(pattern: str, text: str) -> None:
    try:
        compiled = own_pattern(pattern)
    except SettingError:
        return
    assert all(match.end() > match.start() for match in compiled.finditer(text) if match[0])
