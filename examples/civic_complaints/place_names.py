"""Finds names of the gazetteer in a text: as written, without the suffix, as an ordinal word, or misspelt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from examples.civic_complaints.gazetteer import Entry
from examples.civic_complaints.place_words import (
    CUES,
    DATE_WORDS,
    LINKS,
    STREET_WORDS,
    Token,
    tokenize,
)

LONGEST_NAME = 6
MISSPELT_AT_LEAST = 0.84
MISSPELT_LENGTH = 6


@dataclass(frozen=True, slots=True)
class NameHit:
    """Tokens `start` to `end` (exclusive) name one of `names`. `bare` = a street without its suffix."""

    start: int
    end: int
    names: tuple[str, ...]
    kind: str
    spelling: float = 1.0
    bare: bool = False


@dataclass(frozen=True, slots=True)
class _Variant:
    name: str
    kind: str
    bare: bool = False
    needs_company: bool = False


def _key(name: str) -> tuple[str, ...]:
    return tuple(token.norm for token in tokenize(name) if token.norm[0].isalnum())


class NameFinder:
    """`find(tokens)` gives the names in a text, left to right, without overlaps."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._variants: dict[tuple[str, ...], list[_Variant]] = defaultdict(list)
        for entry in entries:
            self._add(entry)
        self._by_letter: dict[str, list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
        for key in self._variants:
            written = " ".join(key)
            if len(written) >= MISSPELT_LENGTH and not written[0].isdigit():
                self._by_letter[written[0]].append((written, key))

    def find(self, tokens: Sequence[Token]) -> list[NameHit]:
        """The longest names win; a hit never overlaps another."""
        norms = [token.norm for token in tokens]
        hits: list[NameHit] = []
        candidates = self._exact(norms) + self._misspelt(norms)
        candidates.sort(key=lambda hit: (-hit.spelling, -_length(hit, norms), hit.start))
        for hit in candidates:
            if all(hit.end <= other.start or hit.start >= other.end for other in hits):
                hits.append(hit)
        hits.sort(key=lambda hit: hit.start)
        return [hit for hit in hits if self._stands(hit, norms, hits)]

    def _add(self, entry: Entry) -> None:
        for name in (entry.name, *entry.also):
            key = _key(name)
            self._variants[key].append(
                _Variant(entry.name, entry.kind, needs_company=entry.bare_name_is_a_word and len(key) == 1)
            )
            if entry.kind == "street" and len(key) > 1 and key[-1] in STREET_WORDS:
                company = entry.bare_name_is_a_word or key[0][0].isdigit()
                self._variants[key[:-1]].append(
                    _Variant(entry.name, entry.kind, bare=True, needs_company=company)
                )

    def _exact(self, norms: Sequence[str]) -> list[NameHit]:
        hits = []
        for start in range(len(norms)):
            for end in range(start + 1, min(start + LONGEST_NAME, len(norms)) + 1):
                variants = self._variants.get(tuple(norms[start:end]))
                if variants:
                    hits.append(_hit(start, end, variants, 1.0))
        return hits

    def _misspelt(self, norms: Sequence[str]) -> list[NameHit]:
        hits = []
        for start, word in enumerate(norms):
            cued = start > 0 and (
                norms[start - 1] in CUES
                or norms[start - 1] in {"the", "&", "/", "@"}
                or norms[start - 1].isdigit()
            )
            for end in range(start + 1, min(start + 3, len(norms)) + 1):
                suffixed = end - start > 1 and norms[end - 1] in STREET_WORDS
                written = " ".join(norms[start:end])
                if not (cued or suffixed) or len(written) < MISSPELT_LENGTH or not word[0].isalpha():
                    continue
                best = self._most_similar(written, suffixed=suffixed)
                if best is not None:
                    hits.append(_hit(start, end, self._variants[best[1]], best[0]))
        return hits

    def _most_similar(self, written: str, *, suffixed: bool) -> tuple[float, tuple[str, ...]] | None:
        best: tuple[float, tuple[str, ...]] | None = None
        for known, key in self._by_letter.get(written[0], ()):
            # The suffix is not evidence: "Broad Street" is not a misspelt "Board Street".
            a, b = (_without_suffix(written), _without_suffix(known)) if suffixed else (written, known)
            if (key[-1] in STREET_WORDS) is not suffixed or len(b) < MISSPELT_LENGTH - 1:
                continue
            matcher = SequenceMatcher(None, a, b)
            if matcher.real_quick_ratio() < MISSPELT_AT_LEAST or matcher.quick_ratio() < MISSPELT_AT_LEAST:
                continue
            ratio = matcher.ratio()
            if MISSPELT_AT_LEAST <= ratio < 1.0 and (best is None or ratio > best[0]):
                best = (ratio, key)
        return best

    def _stands(self, hit: NameHit, norms: Sequence[str], hits: Sequence[NameHit]) -> bool:
        """A bare street name must be used like a place; one that is an everyday word must have company."""
        variants = [
            variant
            for variant in self._variants.get(tuple(norms[hit.start : hit.end]), ())
            if variant.name in hit.names
        ]
        if not (hit.bare or any(variant.needs_company for variant in variants)):
            return True
        before = norms[hit.start - 1] if hit.start else ""
        after = norms[hit.end] if hit.end < len(norms) else ""
        number = before.isdigit() and int(before) > 9
        if number or _has_partner(hit, norms, hits):
            return True
        if any(variant.needs_company for variant in variants):
            ordinal = norms[hit.start][0].isdigit()
            return (
                ordinal
                and before in CUES - {"in", "of", "from", "to", "and"}
                and after not in DATE_WORDS | {"of"}
            )
        return before in CUES


def _hit(start: int, end: int, variants: Sequence[_Variant], spelling: float) -> NameHit:
    names = tuple(dict.fromkeys(variant.name for variant in variants))
    bare = all(variant.bare for variant in variants)
    return NameHit(start, end, names, variants[0].kind, round(spelling, 3), bare)


def _without_suffix(written: str) -> str:
    return written.rpartition(" ")[0]


def _length(hit: NameHit, norms: Sequence[str]) -> int:
    return hit.end - hit.start - (norms[hit.start] == "the")


def link(norms: Sequence[str], left: NameHit, right: NameHit) -> str | None:
    """The words that tie two neighbouring hits together ("and", "near", ...), None when something else is
    between.
    """
    words = [word for word in norms[left.end : right.start] if word not in {"the", "its", "where", "it"}]
    joined = " ".join(words)
    return joined if joined in LINKS else None


def _has_partner(hit: NameHit, norms: Sequence[str], hits: Sequence[NameHit]) -> bool:
    position = hits.index(hit)
    neighbours = [(hits[position - 1], hit)] if position > 0 else []
    neighbours += [(hit, hits[position + 1])] if position + 1 < len(hits) else []
    return any(left.kind == right.kind == "street" and link(norms, left, right) for left, right in neighbours)
