"""Finds the subject of a complaint offline, by weighted phrases. The phrases are its evidence."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from examples.civic_complaints.tools import CATEGORIES, CategoryJudgement
from examples.civic_complaints.wording import DENIALS, Found, Phrase, Wording, phrase

DATA = Path(__file__).with_name("category_phrases.json")
ENOUGH = 2.0
"""The least evidence for a category."""
NO_EVIDENCE = 0.3
SETTLED_SHARE = 0.15
NEGATED_SHARE = -0.5
MISSPELT_SHARE = 0.8
DOUBT = 1.0
"""Lowers the confidence of a single weak word: confidence = top / (top + runner-up + DOUBT)."""


class PhraseClassifier:
    """Adds up the weights of the phrases found.

    Denied phrases count against, settled ones hardly, misspelt ones less.
    """

    name = "category_phrases"

    def __init__(self, weights: Mapping[str, Mapping[Phrase, float]]) -> None:
        self._weights = weights

    def categorize(self, text: str) -> CategoryJudgement:
        """The category with the most evidence; "other" with a low confidence if there is almost none."""
        wording = Wording(text)
        scores: dict[str, float] = {}
        evidence: dict[str, tuple[str, ...]] = {}
        for category, weights in self._weights.items():
            score, words = _score(wording, weights)
            if words:
                scores[category] = round(score, 2)
                evidence[category] = words
        ranked = sorted(scores, key=lambda category: (-scores[category], CATEGORIES.index(category)))
        if not ranked or scores[ranked[0]] < ENOUGH:
            return CategoryJudgement(category="other", confidence=NO_EVIDENCE, scores=scores)
        best = ranked[0]
        runner_up = max(0.0, scores[ranked[1]]) if len(ranked) > 1 else 0.0
        confidence = scores[best] / (scores[best] + runner_up + DOUBT)
        return CategoryJudgement(
            category=best, confidence=round(confidence, 2), scores=scores, evidence=evidence[best]
        )


def _score(wording: Wording, weights: Mapping[Phrase, float]) -> tuple[float, tuple[str, ...]]:
    total = 0.0
    words: list[str] = []
    seen: defaultdict[str, int] = defaultdict(int)
    exact = wording.find(weights, negations=DENIALS)
    misspelt = wording.find_misspelt(weights)
    for found in [*exact, *misspelt]:
        # A repeated phrase weighs less: ten times "garbage" is not ten reasons.
        share = _share(found) / (1 + 2 * seen[found.phrase.text])
        share *= MISSPELT_SHARE if found in misspelt else 1.0
        seen[found.phrase.text] += 1
        total += weights[found.phrase] * share
        if share > SETTLED_SHARE:
            words.append(found.words)
    return total, tuple(dict.fromkeys(words))


def _share(found: Found) -> float:
    if found.negated:
        return NEGATED_SHARE
    return SETTLED_SHARE if found.settled else 1.0


def _weights(raw: Mapping[str, Any]) -> dict[Phrase, float]:
    weights = {phrase(text): float(weight) for text, weight in raw.items() if text != "absence"}
    for text, weight in raw.get("absence", {}).items():
        weights[phrase(f"no {text}", absence=True)] = float(weight)
    return weights


@cache
def default_classifier() -> PhraseClassifier:
    """The phrases of the example, read once for each process."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    return PhraseClassifier({category: _weights(data[category]) for category in CATEGORIES})
