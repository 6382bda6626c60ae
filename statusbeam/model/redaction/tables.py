"""Secrets in columns: Markdown tables and separated values whose first line names them."""

from __future__ import annotations

import re

from ..lazy import Lazy
from .names import CODE, PASSWORD, kind_of_name
from .values import is_chosen, is_no_secret, is_secret_value

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

_RULER = Lazy(r"[ \t]*+\|?[ \t:|-]{3,}+")
_BETWEEN: Final = ("|", "\t", ";", ",")
_COLUMNS: Final = 64
_MARKUP: Final = " \t\r\"'`*_"


def columns(text: str) -> Iterator[tuple[int, int, str, int]]:
    """(start, end, kind, where it begins to show) of each secret below a column's name."""
    if "alues" in text or "ALUES" in text:
        yield from _inserted(text)
    if "\n" not in text:
        return
    named: dict[int, str] = {}
    between, width, at = "", 0, 0
    for line in text.split("\n"):
        start, at = at, at + len(line) + 1
        if between and line.count(between) == width and not (between == "|" and _RULER.fullmatch(line)):
            yield from _cells(line, start, between, named)
        elif not (between == "|" and _RULER.fullmatch(line)):
            between, named = _header(line)
            width = line.count(between) if between else 0


_INSERT = Lazy(
    r"\(([\w\s,\"`\[\].]{1,400})\)\s{0,8}values\s{0,8}\(([^()]{1,1000})\)", re.ASCII | re.IGNORECASE
)


def _inserted(text: str) -> Iterator[tuple[int, int, str, int]]:
    """`INSERT INTO users (name, password) VALUES ('ana', '…')`"""
    for match in _INSERT.finditer(text):
        names = [kind_of_name(name.strip(_MARKUP)) for name in match[1].split(",")]
        named = {place: kind for place, kind in enumerate(names) if kind}
        for start, end, kind, begins in _cells(match[2], match.start(2), ",", named):
            if text[start - 1] in "'\"":
                yield start, end, kind, begins


def _header(line: str) -> tuple[str, dict[int, str]]:
    """The separator of the columns, and the columns that hold secrets; a header has names only."""
    for between in _BETWEEN:
        if 0 < line.count(between) < _COLUMNS:
            cells = [cell.strip(_MARKUP) for cell in line.split(between)]
            named = {place: kind for place, cell in enumerate(cells) if (kind := _column(cell))}
            if named and not any(any(map(str.isdigit, cell)) or ":" in cell or "=" in cell for cell in cells):
                return between, named
    return "", {}


def _column(cell: str) -> str | None:
    return kind_of_name(cell) if cell and len(cell) <= 32 and cell.count(" ") <= 2 else None


def _cells(line: str, start: int, between: str, named: dict[int, str]) -> Iterator[tuple[int, int, str, int]]:
    at = start
    for place, cell in enumerate(line.split(between)):
        value = cell.strip(_MARKUP)
        kind = named.get(place)
        if kind and value and " " not in value and _is_secret(kind, value):
            begin = at + cell.index(value)
            yield begin, begin + len(value), "secret", begin
        at += len(cell) + len(between)


def _is_secret(kind: str, value: str) -> bool:
    return (
        not is_no_secret(value)
        and is_secret_value(kind, value)
        and (kind not in (PASSWORD, CODE) or is_chosen(value))
    )
