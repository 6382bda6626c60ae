"""Finds phrases in a text, with negation, for the rules of category and severity.

A phrase is words with two signs: `leak*` matches every ending, `~` stands for up to three words in between.
All else is
literal. A phrase after "not", "no", "isn't" ... in the same clause counts as negated, unless it holds the
negation itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*|[,.;:!?()]")


def words(listed: str, separator: str | None = None) -> frozenset[str]:
    """A set of words (or of phrases, with a separator) written in one string."""
    return frozenset(listed.split(separator))


_CLAUSE_ENDS = frozenset(",.;:!?()") | {"but", "however", "although", "because"}
DENIALS = words("no not without isnt arent wasnt werent aint nor")
"""Negations that say what something is not; "nobody pruned the hedge" is still about the hedge."""
NEGATIONS = DENIALS | words("never none nobody doesnt didnt dont cant hasnt havent wont")
_WORKS = frozenset({"work", "works", "working", "worked", "functions", "functioning"})
_REACH = 4
_SETTLED = re.compile(
    r"\b(?:(?:was|were|is|are|has been|have been|got) (?:already |now |all )*"
    r"(?:fixed|repaired|solved|resolved)|thanks for fixing)\b"
)
_MISSPELT_LENGTH = 6


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase as written in a data file, ready to search for.

    `absence` = "no <phrase>" is what people complain about.
    """

    text: str
    pattern: re.Pattern[str]
    absence: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One place where a phrase stands: the words of the text, and whether they are denied or said to be
    settled.
    """

    phrase: Phrase
    words: str
    start: int
    end: int
    negated: bool
    settled: bool


def phrase(text: str, *, absence: bool = False) -> Phrase:
    """Compile `"smell* ~ gas"`; words in a row match words in a row."""
    parts: list[str] = []
    for word in text.split():
        if word == "~":
            parts.append(r"(?:\w+ ){0,3}")
        else:
            parts.append(re.escape(word).replace(r"\*", r"\w*") + " ")
    return Phrase(text, re.compile(r"\b" + "".join(parts)[:-1] + r"\b"), absence)


class Wording:
    """A text in lower case without apostrophes, as words and punctuation separated by single blanks."""

    def __init__(self, text: str) -> None:
        self._written = _WORD.findall(text)
        self.words = [re.sub(r"['\u2019]", "", word.lower()) for word in self._written]
        self.line = " ".join(self.words)
        self._starts = {match.start(): index for index, match in enumerate(re.finditer(r"\S+", self.line))}

    def find(self, phrases: Iterable[Phrase], *, negations: frozenset[str] = NEGATIONS) -> list[Found]:
        """Where these phrases stand; of two that overlap the longer one. `negations` are the words that turn
        one around.
        """
        candidates: list[Found] = []
        for entry in phrases:
            for match in entry.pattern.finditer(self.line):
                first = self._starts.get(match.start())
                if first is not None:
                    candidates.append(self._found(entry, first, len(match.group().split()), negations))
        candidates.sort(key=lambda found: (found.start - found.end, found.start))
        kept: list[Found] = []
        for found in candidates:
            if all(found.end <= other.start or found.start >= other.end for other in kept):
                kept.append(found)
        return sorted(kept, key=lambda found: found.start)

    def find_misspelt(self, phrases: Iterable[Phrase]) -> list[Found]:
        """Single words that are similar to a single-word phrase, but not equal."""
        plain = {entry.text.rstrip("*"): entry for entry in phrases if " " not in entry.text}
        known = [word for word in plain if len(word) >= _MISSPELT_LENGTH]
        hits = []
        for index, word in enumerate(self.words):
            if len(word) < _MISSPELT_LENGTH or any(entry.pattern.fullmatch(word) for entry in plain.values()):
                continue
            close = get_close_matches(word, known, n=1, cutoff=0.86)
            if close and close[0][0] == word[0]:
                hits.append(self._found(plain[close[0]], index, 1, DENIALS))
        return hits

    def _found(self, entry: Phrase, start: int, size: int, negations: frozenset[str]) -> Found:
        end = start + size
        written = " ".join(self._written[start:end]).lower()
        negated = self._negated(entry, start, end, negations)
        return Found(entry, written, start, end, negated, self._settled(start))

    def _negated(self, entry: Phrase, start: int, end: int, negations: frozenset[str]) -> bool:
        if entry.absence or not NEGATIONS.isdisjoint(self.words[start:end]):
            return False
        before: Sequence[str] = self.words[max(0, start - _REACH) : start]
        for word in reversed(before):
            if word in _CLAUSE_ENDS:
                return False
            if word in negations:
                # "not one of the lamps works" denies that they work, not that it is about lamps.
                return _WORKS.isdisjoint(self.words[start : start + _REACH])
        return False

    def _settled(self, start: int) -> bool:
        """Whether the sentence reports a repair ("those were fixed, thanks")."""
        low = max((index + 1 for index in range(start) if self.words[index] in ".!?"), default=0)
        high = min(
            (index for index in range(start, len(self.words)) if self.words[index] in ".!?"),
            default=len(self.words),
        )
        return _SETTLED.search(" ".join(self.words[low:high])) is not None
