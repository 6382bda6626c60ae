"""The marks that stand in the places of secrets: `[redacted: card]`.

>>> mark("card")
'[redacted: card]'
>>> redactions({"message": "[redacted: card] and [redacted: card]"})
{'card': 2}
"""

from __future__ import annotations

import re

from ..lazy import Lazy

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Final

    from .found import Found

UNSEARCHED: Final = "not searched"
"""The kind of a text that was too long to be searched."""
BEGIN: Final = "[redacted: "
_MARK = Lazy(r"\[redacted: ([a-z][a-z ]{1,30})\]")
_LONGEST: Final = 48
"""No mark has as many characters."""
_PICTURE = Lazy(r"data:(?:image|audio|video|font)/[\w.+-]{1,64};base64,[\w+/=-]*+", re.ASCII)
FILL: Final = "\x0b"
"""Fills the places that are not searched: a kind of space that no secret contains."""


def mark(kind: str) -> str:
    """The mark in the place of a secret of that kind."""
    return f"{BEGIN}{kind}]"


def is_mark(text: str) -> bool:
    """Whether a text is a mark and nothing else."""
    return _MARK.fullmatch(text) is not None


def masked(text: str) -> str:
    """The text with marks and pictures filled, so that no search looks into them; as long as before."""
    if BEGIN in text:
        text = _MARK.sub(_fill, text)
    if ";base64," in text:
        text = _PICTURE.sub(_fill, text)
    return text


def _fill(match: re.Match[str]) -> str:
    return FILL * len(match[0])


def shortened(text: str, longest: int) -> str:
    """The text within a length; no mark is cut in two."""
    if len(text) <= longest:
        return text
    at = text.rfind("[", max(0, longest - _LONGEST), longest)
    cut = _MARK.match(text, at) if at >= 0 else None
    if cut and cut.end() > longest:
        return text[:at]
    return text[:longest]


def marked(text: str, found: Iterable[Found]) -> str:
    """The text with marks in the places of the found secrets; the same object without any."""
    parts: list[str] = []
    at = 0
    for one in found:
        parts += (text[at : one.start], mark(one.kind))
        at = one.end
    return "".join((*parts, text[at:])) if parts else text


def redactions(value: Any) -> dict[str, int]:
    """The number of marks of each kind in a value. It shows the amount of redacted text, never the text."""
    counts: dict[str, int] = {}
    for kind in _MARK.findall(value if isinstance(value, str) else str(value)):
        counts[kind] = counts.get(kind, 0) + 1
    return counts
