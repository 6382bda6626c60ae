"""The subject of a complaint: labelled texts, negation, and answers without evidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.civic_complaints.category import default_classifier
from examples.civic_complaints.tools import CATEGORIES

LABELLED = json.loads((Path(__file__).with_name("civic_labelled.json")).read_text(encoding="utf-8"))
CLASSIFIER = default_classifier()


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("development", 0.9),
        ("held_out", 0.85),
        ("fresh", 0.85),
        ("fresh_2", 0.85),
        ("final", 0.8),  # written last; nothing was changed for it
    ],
)
def test_labelled_complaints_get_their_category(name: str, share: float) -> None:
    cases = LABELLED[name]
    wrong = [
        case["text"] for case in cases if CLASSIFIER.categorize(case["text"]).category != case["category"]
    ]
    assert len(wrong) <= len(cases) * (1 - share), wrong


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("This is not a pothole, the sewer is open.", "sewage"),
        ("It isn't noise, it is graffiti.", "graffiti"),
        ("There is no street light here.", "streetlight"),  # the lack is the complaint
        ("Not one of the lamps works.", "streetlight"),  # denies that they work
        ("Nobody pruned the hedge.", "tree"),
        ("The potholes were fixed. Now the hydrant leaks.", "water leak"),  # settled
        ("Huge potholle in the road", "pothole"),  # misspelt
        ("GRAFFITI EVERYWHERE", "graffiti"),
    ],
)
def test_wording_is_taken_into_account(text: str, category: str) -> None:
    assert CLASSIFIER.categorize(text).category == category


@pytest.mark.parametrize("text", ["", "Please come quickly.", "lorem ipsum dolor sit amet"])
def test_text_without_evidence_is_other_with_low_confidence(text: str) -> None:
    judgement = CLASSIFIER.categorize(text)
    assert judgement.category == "other"
    assert judgement.confidence < 0.5
    assert judgement.evidence == ()


def test_evidence_quotes_the_words_of_the_text() -> None:
    judgement = CLASSIFIER.categorize("Loud music, we can't sleep.")
    assert judgement.evidence == ("loud", "music", "can't sleep")


def test_two_topics_lower_the_confidence() -> None:
    one = CLASSIFIER.categorize("There is graffiti on the wall.")
    two = CLASSIFIER.categorize("There is graffiti on the wall and garbage below it.")
    assert two.confidence < one.confidence


def test_repeating_a_word_adds_little() -> None:
    once = CLASSIFIER.categorize("garbage").scores["garbage"]
    ten_times = CLASSIFIER.categorize("garbage " * 10).scores["garbage"]
    assert ten_times < 4 * once


@given(st.text(max_size=300))
def test_any_text_gets_a_known_category(text: str) -> None:
    judgement = CLASSIFIER.categorize(text)
    assert judgement.category in CATEGORIES
    assert 0.0 <= judgement.confidence <= 1.0
