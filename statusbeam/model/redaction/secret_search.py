"""Where in a text the secrets are.

    >>> find_secrets("key AKIAIOSFODNN7EXAMPLE")
    [Found(start=4, end=24, kind='aws key', begins=4)]

Linear in the length of the text: so is each pattern, and a search begins only when one of its literals is in
the text at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .named_secrets import NAME, NAMED_SHAPES, NAMES
from .secret_shapes import (
    AWS_KEY,
    AWS_SECRET,
    KEY_BEGIN,
    KEY_BEGIN_OR_MARK,
    KEY_BODY,
    KEY_END,
    OPEN_MARK,
    PRIVATE_KEY,
    SHAPES,
)
from .shape import Shape

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Final

_DIGITS = re.compile(r"\d{4}", re.ASCII)  # the least that a card is written in
_SHORTEST_SECRET: Final = 10  # characters without a space: "-----BEGIN"


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """One secret: `text[start:end]`, of what kind it is, and where what gives it away begins."""

    start: int
    end: int
    kind: str
    begins: int


def find_secrets(text: str, *, near_aws_key: bool = False, split: bool = False) -> list[Found]:
    """The secrets in `text`, in their order and apart from each other.

    `near_aws_key`: an AWS key id stands close by, so what has the shape of a secret access key is one.
    `split`: the text was put together from messages, so that a private key without its end reaches no further
    than it looks like one.
    """
    if _is_plain(text):
        return []
    lowered = text.lower()
    found = [one for shape in SHAPES if _may_match(shape, lowered) for one in _matches(shape, text)]
    if any(name in lowered for name in NAMES) and NAME.search(text):
        found += [
            one for shape in NAMED_SHAPES if _may_match(shape, lowered) for one in _matches(shape, text)
        ]
    if "private" in lowered or (split and OPEN_MARK in lowered):
        found += _key_blocks(text, split=split)
    near_aws_key = near_aws_key or any(one.kind == AWS_KEY for one in found)
    if near_aws_key or ("aws" in lowered and "secret" in lowered):
        found += _matches(AWS_SECRET, text)
    return _apart(found) if found else found


def _is_plain(text: str) -> bool:
    """Short words and nothing that names a value: most messages, told without looking at a single pattern."""
    if "=" in text or ":" in text or "ass" in text or _DIGITS.search(text):
        return False
    if (" is " in text or " was " in text) and NAME.search(text):
        return False
    return max(map(len, text.split()), default=0) < _SHORTEST_SECRET


def _may_match(shape: Shape, lowered: str) -> bool:
    for literal in shape.literals:  # no generator: this is most of the work there is for most texts
        if literal in lowered:
            return True
    return not shape.literals


def _matches(shape: Shape, text: str) -> Iterator[Found]:
    group = shape.pattern.groupindex.get("secret", 1 if shape.pattern.groups else 0)
    for match in shape.pattern.finditer(text):
        if shape.check is None or shape.check(match[group]):
            yield Found(match.start(group), match.end(group), shape.kind, match.start())


def _apart(found: list[Found]) -> list[Found]:
    """Without overlaps: what overlaps is one secret of the kind that begins first."""
    apart: list[Found] = []
    for one in sorted(found, key=lambda f: (f.start, -f.end)):
        if apart and one.start < apart[-1].end:
            last = apart[-1]
            apart[-1] = Found(last.start, max(last.end, one.end), last.kind, min(last.begins, one.begins))
        else:
            apart.append(one)
    return apart


def _key_blocks(text: str, *, split: bool) -> Iterator[Found]:
    """Private keys with their frames. One without an end reaches to the end of the text: it was cut.

    In a text put together from messages, the mark in the place of one may be that of its beginning.
    """
    ends = [match.end() for match in KEY_END.finditer(text)]
    done, at = 0, 0
    for begin in (KEY_BEGIN_OR_MARK if split else KEY_BEGIN).finditer(text):
        if begin.start() < done:
            continue
        while at < len(ends) and ends[at] < begin.end():
            at += 1
        if at < len(ends):
            done = ends[at]
        else:
            body = KEY_BODY.match(text, begin.end()) if split else None
            done = body.end() if body else len(text)
        yield Found(begin.start(), done, PRIVATE_KEY, begin.start())
