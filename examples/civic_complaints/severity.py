"""Rates the severity offline, by hazard words, people at risk, duration and counts. Capitals count
little.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from examples.civic_complaints.tools import SeverityJudgement
from examples.civic_complaints.wording import Phrase, Wording, phrase

DATA = Path(__file__).with_name("severity_rules.json")
LOWEST, USUAL, HIGHEST = 1, 2, 5
"""The severity of a complaint without any hazard word: a nuisance."""
LOUD_SHARE = 0.6
LOUD_ADDS = 0.2


@dataclass(frozen=True, slots=True)
class Rule:
    """`amount` is a floor (levels) or a shift (adds)."""

    amount: float
    reason: str
    phrases: tuple[Phrase, ...]


class HazardRules:
    """The highest floor that applies, plus all shifts, rounded to 1..5."""

    name = "hazard_rules"

    def __init__(self, levels: Sequence[Rule], shifts: Sequence[Rule]) -> None:
        self._levels = levels
        self._shifts = shifts

    def rate(self, text: str) -> SeverityJudgement:
        """A severity from 1 to 5. Every reason names its words."""
        wording = Wording(text)
        level, reasons = self._level(wording)
        for rule in self._shifts:
            words = _words(wording, rule)
            # people at risk count only with a hazard: a school next to graffiti is no hazard
            if words and not (rule.amount > 0 and level < USUAL):
                level += rule.amount
                reasons.append(f"{rule.reason} ({words[0]})")
        if _is_loud(text) and level > LOWEST:
            level += LOUD_ADDS
            reasons.append("written with emphasis, which counts for little")
        severity = min(HIGHEST, max(LOWEST, math.floor(level + 0.5)))
        confidence = 0.4 if not reasons else min(0.9, 0.55 + 0.12 * len(reasons))
        return SeverityJudgement(
            severity=severity,
            confidence=round(confidence, 2),
            reasons=tuple(reasons) or ("no word in it points to a hazard",),
        )

    def _level(self, wording: Wording) -> tuple[float, list[str]]:
        """The highest floor that applies and every reason for it; the rules come highest first."""
        best = 0.0
        reasons: list[str] = []
        for rule in self._levels:
            words = _words(wording, rule) if rule.amount >= best else []
            if words:
                best = rule.amount
                reasons.append(f"{rule.reason} ({words[0]})")
        return best or USUAL, reasons


def _words(wording: Wording, rule: Rule) -> list[str]:
    return [found.words for found in wording.find(rule.phrases) if not (found.negated or found.settled)]


def _is_loud(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    shouted = (
        len(letters) > 20 and sum(character.isupper() for character in letters) / len(letters) > LOUD_SHARE
    )
    return shouted or "!!" in text


@cache
def default_rules() -> HazardRules:
    """The rules of the example, read once for each process."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    levels = [Rule(raw["level"], raw["reason"], _phrases(raw["phrases"])) for raw in data["levels"]]
    shifts = [Rule(raw["add"], raw["reason"], _phrases(raw["phrases"])) for raw in data["add"]]
    levels.sort(key=lambda rule: -rule.amount)
    return HazardRules(levels, shifts)


def _phrases(texts: Sequence[str]) -> tuple[Phrase, ...]:
    return tuple(phrase(text) for text in texts)
