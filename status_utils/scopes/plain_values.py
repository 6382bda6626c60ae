"""A caller's metadata as a JSON object, within the limits and at a bounded price: the caller waits meanwhile.

    >>> plain_object({"share": Decimal("0.5"), "street": row}).text
    '{"share":0.5,"street":"<Row>"}'

Nothing here raises: a value that JSON can't express, or that has no room, becomes a mark.
"""

from __future__ import annotations

import json
from collections import ChainMap
from collections.abc import Mapping
from contextlib import suppress
from math import isfinite

from statusbeam.model.limits import DETAIL_BYTES, EXACT_INTEGER_MAX
from statusbeam.model.metadata import MetadataKey
from statusbeam.model.validation import JsonObject

from .plain_numbers import to_count
from .value_walk import fields_of, walk_object

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any, Final

_FLAT_VALUES: Final = 32
_FLAT_TEXT: Final = 256
"""An object of at most so many values, with texts of at most so many characters, fits as it is."""


def not_an_object(value: object) -> dict[str, Any]:
    """The mark for metadata that is not a JSON object."""
    return {"leftOut": f"metadata must be a JSON object, not {type(value).__name__}"}


def plain_object(
    metadata: Any,
    usage: Mapping[str, Any] | None = None,
    run: JsonObject | None = None,
    *,
    result: Any = None,
) -> JsonObject:
    """Metadata as it is now: the caller may change it before it is sent.

    `usage`: see Scope.tokens. `run`: see Opening. `result`: the caller's, as the metadata's key.
    """
    found: dict[str, Any] = {}
    weight = 0
    if metadata is not None or result is not None:
        found, weight = _flat(metadata, result) or _within_limits(metadata, result)
    given = found.get(MetadataKey.TOKEN_USAGE)
    if isinstance(given, dict):
        found[MetadataKey.TOKEN_USAGE] = _counted(given)
    elif usage is not None and MetadataKey.TOKEN_USAGE not in found:
        found[MetadataKey.TOKEN_USAGE] = dict(usage)
    if run is not None:
        for key in run:  # faster than `update`, which treats it as any mapping
            found[key] = run[key]
    return JsonObject(found, weight=weight)


def _flat(metadata: Any, result: Any) -> tuple[dict[str, Any], int] | None:
    """Metadata that holds a few short texts and numbers, as almost all does; None for any other.

    Such metadata needs no walk, which costs as much as all the rest of reporting a status.
    """
    if type(metadata) is not dict or len(metadata) > _FLAT_VALUES or result is not None:
        return None
    weight = 0
    for key, value in metadata.items():
        if type(key) is not str or len(key) > _FLAT_TEXT or not (key.isascii() and key.isprintable()):
            break
        kind = type(value)
        if kind is str:
            if len(value) > _FLAT_TEXT or not value.isprintable():
                break
            weight += len(value) if value.isascii() else 4 * len(value)
        elif kind is int:
            if not -EXACT_INTEGER_MAX <= value <= EXACT_INTEGER_MAX:
                break
        elif kind is float:
            if not isfinite(value):
                break
        elif kind is not bool and value is not None:
            break
        weight += len(key) + 20
    else:
        return metadata.copy(), weight
    return None


def _counted(usage: dict[str, Any]) -> dict[str, Any]:
    """A caller's own counts of tokens as numbers; other values stay for people to see."""
    numbers = {name: to_count(value) for name, value in usage.items()}
    return {name: value if numbers[name] is None else numbers[name] for name, value in usage.items()}


def _within_limits(metadata: Any, result: Any) -> tuple[dict[str, Any], int]:
    """The metadata as a JSON object, and how many bytes it takes, approximately."""
    try:
        given: Any = {} if metadata is None else _object_of(metadata)
        if given is None:
            given = not_an_object(metadata)
        if result is not None:
            given = ChainMap({MetadataKey.RESULT: result}, given)  # whose values may raise when they are read
        return walk_object(given, id(metadata))
    except Exception as error:  # noqa: BLE001 - see above
        found, weight = ({}, 0) if result is None else _within_limits(None, result)
        return {**found, "leftOut": f"metadata can't be read: {type(error).__name__}"}, weight


def _object_of(value: Any) -> Mapping[Any, Any] | None:
    """The value if it is an object, or describes one."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, str):
        if len(value) > 2 * DETAIL_BYTES:
            return None
        with suppress(ValueError, RecursionError):
            parsed = json.loads(value)
            return parsed if isinstance(parsed, dict) else None
        return None
    return fields_of(value)
