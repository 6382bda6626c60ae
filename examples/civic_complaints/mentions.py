"""Combines the names in a text into places: addresses, crossings, "X near Y"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from examples.civic_complaints.place_names import NameFinder, NameHit, link
from examples.civic_complaints.place_words import (
    ARTICLES,
    BESIDE_LINKS,
    CROSSING_LINKS,
    GENERIC,
    NOT_STREET_NAMES,
    RELATIONS,
    STREET_THINGS,
    STREET_WORDS,
    Token,
    tokenize,
)
from examples.civic_complaints.tools import Mention, MentionKind


def find_mentions(text: str, finder: NameFinder) -> list[Mention]:
    """Every place the text names, in the order of the text.

    Parts of a combined mention appear only inside it.
    """
    tokens = tokenize(text)
    norms = [token.norm for token in tokens]
    hits = finder.find(tokens)
    mentions: list[Mention] = []
    position = 0
    while position < len(hits):
        size, mention = _combine(text, tokens, norms, hits[position : position + 3])
        mentions.append(mention)
        position += size
    mentions += _unknown_streets(text, tokens, hits)
    return mentions or _generic(text, tokens, norms)


def _words(text: str, tokens: Sequence[Token], start: int, end: int) -> str:
    return " ".join(text[tokens[start].start : tokens[end - 1].end].split())


def _relation(norms: Sequence[str], start: int) -> str | None:
    before = list(norms[max(0, start - 5) : start])
    while before and before[-1] in {"the", "a", "our"}:
        before.pop()
    for name, words in RELATIONS:
        if tuple(before[-len(words) :]) == words:
            return name
    return None


def _number(norms: Sequence[str], hit: NameHit) -> tuple[int, int] | None:
    """The house number before a street and the token it starts at: "1450 Haight", "the 1200 block of X"."""
    start = hit.start
    if norms[max(0, start - 2) : start] == ["block", "of"]:
        start -= 2
    elif (
        start and norms[start - 1] == "the" and start > 2 and norms[start - 3 : start - 1] == ["block", "of"]
    ):
        start -= 3
    following = norms[hit.end] if hit.end < len(norms) else ""
    if (
        start
        and norms[start - 1].isdigit()
        and len(norms[start - 1]) <= 5
        and following not in {"bus", "muni", "line"}
    ):
        return int(norms[start - 1]), start - 1
    return None


def _single(text: str, tokens: Sequence[Token], norms: Sequence[str], hit: NameHit) -> Mention:
    numbered = _number(norms, hit) if hit.kind == "street" else None
    if numbered is not None:
        number, start = numbered
        plain = Mention(
            kind="street",
            text=_words(text, tokens, hit.start, hit.end),
            names=(hit.names,),
            spelling=hit.spelling,
        )
        return Mention(
            kind="address",
            text=_words(text, tokens, start, hit.end),
            names=(hit.names,),
            number=number,
            relation=_relation(norms, start),
            spelling=hit.spelling,
            parts=(plain,),
        )
    kind: MentionKind = "landmark"
    if hit.kind in ("street", "district"):
        kind = "street" if hit.kind == "street" else "district"
    return Mention(
        kind=kind,
        text=_words(text, tokens, hit.start, hit.end),
        names=(hit.names,),
        relation=_relation(norms, hit.start),
        spelling=hit.spelling,
    )


def _combine(
    text: str, tokens: Sequence[Token], norms: Sequence[str], hits: Sequence[NameHit]
) -> tuple[int, Mention]:
    """The mention that starts at the first hit and how many hits it takes."""
    singles = [_single(text, tokens, norms, hit) for hit in hits]
    ties = [link(norms, left, right) for left, right in pairwise(hits)]
    size, kind = _shape(singles, ties)
    if kind is None:
        return 1, singles[0]
    parts = tuple(singles[:size])
    roles = [name for part in parts for name in part.names]
    if kind == "beside" and parts[1].kind == "street":
        roles.reverse()
    written = _words(text, tokens, hits[0].start, hits[size - 1].end)
    spelling = min(part.spelling for part in parts)
    return size, Mention(kind=kind, text=written, names=tuple(roles), spelling=spelling, parts=parts)


def _shape(singles: Sequence[Mention], ties: Sequence[str | None]) -> tuple[int, MentionKind | None]:
    """How many neighbouring hits belong together, and their relation; None if the first one is alone."""
    kinds = [single.kind for single in singles]
    if kinds == ["street"] * 3 and ties[0] in {"between", "from"} and ties[1] in {"and", "&", "to"}:
        return 3, "between"
    if kinds[:2] == ["street"] * 2 and ties[0] in CROSSING_LINKS:
        return 2, "crossing"
    if sorted(kinds[:2]) == ["landmark", "street"] and ties[0] in BESIDE_LINKS:
        return 2, "beside"
    return 1, None


def _unknown_streets(text: str, tokens: Sequence[Token], hits: Sequence[NameHit]) -> list[Mention]:
    """ "12 Elm Road": written like a street, but not one of ours. Only names written with a capital or a
    number before.
    """
    taken = {index for hit in hits for index in range(hit.start, hit.end)}
    found = []
    for index in range(1, len(tokens)):
        following = tokens[index + 1].norm if index + 1 < len(tokens) else ""
        if tokens[index].norm not in STREET_WORDS or {index, index - 1} & taken or following in STREET_THINGS:
            continue
        name = text[tokens[index - 1].start : tokens[index - 1].end]
        shouted = text.isupper()
        if not name[0].isupper() or shouted or not name.isalpha() or name.lower() in NOT_STREET_NAMES:
            continue
        start = index - 1
        number = int(tokens[start - 1].norm) if start and tokens[start - 1].norm.isdigit() else None
        mention = Mention(
            kind="street",
            text=_words(text, tokens, start, index + 1),
            names=((f"{name} {tokens[index].norm.title()}",),),
            known=False,
        )
        if number is not None:
            mention = replace(mention, kind="address", number=number, text=f"{number} {mention.text}")
        found.append(mention)
    return found


def _generic(text: str, tokens: Sequence[Token], norms: Sequence[str]) -> list[Mention]:
    """ "the library", "our school": a place, but which one?"""
    return [
        Mention(kind="generic", text=_words(text, tokens, index - 1, index + 1), names=((GENERIC[norm],),))
        for index, norm in enumerate(norms)
        if norm in GENERIC and index and norms[index - 1] in ARTICLES
    ]
