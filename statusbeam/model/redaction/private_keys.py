"""Private keys with their frames: whole, cut, on one line, in an address, in the lines of a list."""

from __future__ import annotations

import re

from ..lazy import Lazy
from .service_tokens import PRIVATE_KEY

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

OPEN_MARK: Final = f"[redacted: {PRIVATE_KEY}]"
_FRAME = r"[A-Z0-9 +]{1,40}PRIVATE[ +]KEY(?:[ +]BLOCK)?\s?-{4,5}"  # a form has a plus for each space
_BEGIN = Lazy(rf"-{{4,5}}\s?BEGIN{_FRAME}", re.ASCII | re.IGNORECASE)
_BEGIN_OR_MARK = Lazy(f"{_BEGIN.pattern}|{re.escape(OPEN_MARK)}", re.ASCII | re.IGNORECASE)
_END = Lazy(rf"-{{4,5}}\s?END{_FRAME}", re.ASCII | re.IGNORECASE)
_BODY = Lazy(r"(?:(?:\s|\\[nr])*+[A-Za-z0-9+/=]{20,}+)*+", re.ASCII)
_BODY_BACKWARDS = Lazy(
    r"(?:(?:\s|[nr]\\)*+[A-Za-z0-9+/=]{20,}+)*+(?:(?:\s|[nr]\\)*+[A-Za-z0-9+/=]{1,64}+)?", re.ASCII
)


def private_keys(text: str, lowered: str, *, split: bool) -> Iterator[tuple[int, int, str, int]]:
    """(start, end, kind, where it begins to show) of each; one without an end reaches to the end of the text.

    `split`: the text was put together from messages. A key without an end then reaches as far as the text
    looks like a key, and a mark may stand for the beginning of a key.
    """
    if "private" not in lowered and not (split and OPEN_MARK in text):
        return
    ends = [match.span() for match in _END.finditer(text)]
    done, at = 0, 0
    for begin in (_BEGIN_OR_MARK if split else _BEGIN).finditer(text):
        if begin.start() < done:
            continue
        while at < len(ends) and ends[at][1] < begin.end():
            yield from _headless(text, ends[at], done)
            done = max(done, ends[at][1])
            at += 1
        if at < len(ends):
            done = ends[at][1]
            at += 1
        else:
            body = _BODY.match(text, begin.end()) if split else None
            done = body.end() if body else len(text)
        yield begin.start(), done, PRIVATE_KEY, begin.start()
    for end in ends[at:]:
        if end[0] >= done:
            yield from _headless(text, end, done)
            done = end[1]


def _headless(text: str, end: tuple[int, int], done: int) -> Iterator[tuple[int, int, str, int]]:
    """A key whose beginning was cut off: the lines before its end that look like one."""
    body = _BODY_BACKWARDS.match(text[done : end[0]][::-1])
    if body and body.end() >= 20:
        yield end[0] - body.end(), end[1], PRIVATE_KEY, end[0] - body.end()
