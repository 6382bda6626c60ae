"""JSON within texts: found, and written back with other values in the same places.

>>> [found.value for found in find_json('got {"a": "b"} and {"c": "d"}')]
[{'a': 'b'}, {'c': 'd'}]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ..lazy import Lazy

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final

_BEGINS = Lazy(r"\{\s{0,64}\"|\[\s{0,64}[\[{]|^\s{0,64}\[\s{0,64}\"")
_FAILURES: Final = 4
"""The most failed tries of a search: each may read to the end of the text."""
_SCALAR = Lazy(r"\"(?:[^\"\\]|\\.)*+\"|[^\s\[\]{},:\"]++")


class Number(str):
    """A number as the text writes it."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=Number)


@dataclass(frozen=True, slots=True)
class JsonAt:
    """A JSON object or list in a text: `text[start:end]`."""

    start: int
    end: int
    value: Any


def find_json(text: str) -> Iterator[JsonAt]:
    """The JSON in a text, one after the other; linear, because few failures end the search."""
    failures, at = 0, 0
    while failures < _FAILURES:
        begin = _BEGINS.search(text, at)
        if begin is None:
            return
        try:
            value, end = _DECODER.raw_decode(text, begin.end() - len(begin[0].lstrip()))
        except (ValueError, RecursionError):
            failures += 1
            at = begin.start() + 1
            continue
        yield JsonAt(begin.start(), end, value)
        at = end


def with_values(text: str, given: Any, clean: Any) -> str:
    """The JSON text of `given` with the values of `clean`: unchanged values keep their text."""
    scalars = list(_SCALAR.finditer(text))
    before, after = list(_leaves(given)), list(_leaves(clean))
    if not len(scalars) == len(before) == len(after):  # a name came twice: JSON keeps the last
        return json.dumps(_plain(clean), ensure_ascii=text.isascii())
    parts: list[str] = []
    at = 0
    for scalar, old, new in zip(scalars, before, after, strict=True):
        if old != new:
            parts += (text[at : scalar.start()], json.dumps(new, ensure_ascii=text.isascii()))
            at = scalar.end()
    return "".join((*parts, text[at:]))


def _leaves(value: Any) -> Iterator[Any]:
    """Names and values in the order in which JSON writes them."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _plain(value: Any) -> Any:
    """The value with numbers that JSON can write."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return json.loads(value) if isinstance(value, Number) else value
