"""The share of secrets that redaction finds, and of other texts that it changes; `-s` shows a table of
families."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator

import pytest

from statusbeam.model.redaction.redactor import Redactor
from tests.unit.statusbeam.model.redaction import corpus_secrets, corpus_services
from tests.unit.statusbeam.model.redaction.corpus_held_out import held_out_ordinary, held_out_secrets
from tests.unit.statusbeam.model.redaction.corpus_ordinary import ordinary

FOUND = 0.99
"""Of the corpus that the rules were written with."""
HELD_OUT_FOUND = 0.97
FALSE = 0.005


def _known() -> Iterator[tuple[str, str, str]]:
    yield from corpus_secrets.secrets()
    yield from corpus_services.services()
    yield from corpus_services.numbers()
    yield from corpus_services.key_blocks()


def _shares(results: Iterable[tuple[str, bool]], title: str) -> float:
    families: dict[str, list[bool]] = {}
    for family, result in results:
        families.setdefault(family, []).append(result)
    for family, given in families.items():
        sys.stdout.write(f"{title:8} {family:28} {sum(given):4} of {len(given):4}\n")
    every = [result for given in families.values() for result in given]
    return sum(every) / len(every)


@pytest.mark.parametrize(("corpus", "least"), [(_known, FOUND), (held_out_secrets, HELD_OUT_FOUND)])
def test_secrets_in_everyday_wordings_are_found(
    corpus: Callable[[], Iterator[tuple[str, str, str]]], least: float
) -> None:
    redactor = Redactor()
    results = [(family, secret not in redactor.text(text)) for family, text, secret in corpus()]
    assert len(results) > 600
    assert _shares(results, "found") >= least


@pytest.mark.parametrize("corpus", [ordinary, held_out_ordinary])
def test_ordinary_texts_stay_unchanged(corpus: Callable[[], Iterator[tuple[str, str]]]) -> None:
    redactor = Redactor()
    results = [(family, redactor.text(text) != text) for family, text in corpus()]
    assert len(results) > 300
    assert _shares(results, "changed") <= FALSE


@pytest.mark.parametrize("corpus", [_known, held_out_secrets])
def test_what_is_json_stays_json(corpus: Callable[[], Iterator[tuple[str, str, str]]]) -> None:
    redactor = Redactor()
    count = 0
    for _, text, _ in corpus():
        if text[0] in "[{" and _is_json(text):
            count += 1
            assert _is_json(redactor.text(text)), text
    assert count > 15


@pytest.mark.parametrize("corpus", [_known, held_out_secrets])
def test_no_corpus_is_changed_by_a_second_redaction(
    corpus: Callable[[], Iterator[tuple[str, str, str]]],
) -> None:
    redactor = Redactor()
    for _, text, _ in corpus():
        once = redactor.text(text)
        assert redactor.text(once) == once


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
