"""Values beside a name in markup and calls: cells, elements, attributes, `setenv("DB_PASSWORD", "…")`."""

from __future__ import annotations

import re

from ..lazy import Lazy
from .names import COOKIE, HEADER, PASSWORD
from .readings import bare_at, quoted_at, whole
from .values import is_chosen, is_cookie, is_made, is_secret_value, is_wordy

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from .readings import Span

_CELL = Lazy(
    r"[\"'`*_]{0,3}[ \t]{0,32}:?[*]{0,2}[ \t]{0,4}\|[ \t]{0,32}[`*_]{0,3}(?P<secret>[^|`*\n]{1,128})"
)
_CELL_END = Lazy(r"[`*_]{0,3}[ \t]{0,4}\|")
_ATTRIBUTE = Lazy(r"[\"'][^<>]{0,120}?\b(?:value|content|default)\s{0,2}=\s{0,2}(?=[\"'])", re.IGNORECASE)
_ELEMENT = Lazy(r"(?P<attribute>[\"'][^<>\n]{0,80})?>(?P<secret>[^<>\n]{1,256})</")
_NEXT_ELEMENT = Lazy(
    r":?\s{0,4}</[a-z][^<>]{0,40}>\s{0,8}:?\s{0,4}(?:<[a-z][^<>]{0,80}>\s{0,8}){1,4}"
    r"(?P<secret>[^<>\n]{1,256})",
    re.IGNORECASE,
)
_BESIDE = Lazy(
    r"(?:\\{0,7}[\"'])?[ \t]{0,3}(?:,|\r?\n|\\n)\s{0,32}(?:\\{0,7}[\"'])?(?:value|content|current)"
    r"(?:\\{0,7}[\"'])?\s{0,3}[:=]\s{0,3}",
    re.IGNORECASE,
)
_CALL = Lazy(r"[\"']?\]?[ \t]{0,2}(?P<between>[(,])[ \t]{0,2}(?=[\"'])")
_SETS = Lazy(r"(?:set\w{0,16}|put\w{0,8}|define|add\w{0,8})\(\s?[\"']$", re.IGNORECASE)


def in_markup(kind: str, text: str, start: int, end: int) -> Span | None:
    """The value in the next cell of a table, in the element or the attribute of that name."""
    cell = _CELL.match(text, end)
    if cell:
        row = text[max(0, start - 8) : start].rstrip(" \t*_`").endswith("|")
        in_table = row or _CELL_END.match(text, cell.end()) is not None
        return _stripped(kind, text, cell.span("secret"), chosen=True) if in_table else None
    attribute = _ATTRIBUTE.match(text, end)
    if attribute:
        quoted = quoted_at(text, attribute.end())
        return quoted[0] if quoted and is_secret_value(kind, quoted[1]) else None
    element = _ELEMENT.match(text, end)
    if element:
        return _stripped(kind, text, element.span("secret"), chosen=element["attribute"] is not None)
    following = _NEXT_ELEMENT.match(text, end)
    return _stripped(kind, text, following.span("secret"), chosen=True) if following else None


def _stripped(kind: str, text: str, span: Span, *, chosen: bool) -> Span | None:
    """The value of a cell or an element without the space around it."""
    found = text[slice(*span)]
    value = found.strip()
    begin = span[0] + found.find(value)
    good = " " not in value and is_secret_value(kind, value) and (is_chosen(value) or not chosen)
    return (begin, begin + len(value)) if good else None


def beside(kind: str, text: str, start: int, end: int) -> Span | None:
    """{"name": "DB_PASSWORD", "value": "…"}, setenv("DB_PASSWORD", "…")."""
    described = _BESIDE.match(text, end)
    if described:
        read = quoted_at(text, described.end()) or bare_at(text, described.end(), prose=False)
        return whole(text, read[0]) if read and is_secret_value(kind, read[1]) else None
    call = _CALL.match(text, end)
    quoted = quoted_at(text, call.end()) if call else None
    if call is None or quoted is None:
        return None
    sets = _SETS.search(text[max(0, start - 40) : start]) is not None
    good = _is_argument(
        kind, quoted[1], follows=call["between"] == ",", named=sets or text[start:end].isupper()
    )
    return quoted[0] if good else None


def _is_argument(kind: str, value: str, *, follows: bool, named: bool) -> bool:
    """Whether a text in a call belongs to the name before it, an argument as well when it `follows`."""
    if kind == COOKIE:
        return follows and is_cookie(value)
    if kind == HEADER:
        return follows and is_made(value.rsplit(" ", 1)[-1])
    if " " in value or not is_secret_value(kind, value):
        return False
    if follows and not named:
        return is_made(value)
    return is_chosen(value) and (kind == PASSWORD or not is_wordy(value))
