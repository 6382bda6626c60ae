"""The walk through a caller's value: plain JSON within the limits, even if the value's own code fails.

    >>> walk_object({"share": Decimal("0.5")}, 0)
    ({'share': 0.5}, 29)

A value that JSON can't express, or that has no room, becomes a mark.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from json.encoder import encode_basestring

from statusbeam.model.fit import length_mark
from statusbeam.model.limits import DETAIL_BYTES, METADATA_DEPTH, METADATA_VALUES, REDACTED_LENGTH
from statusbeam.model.metadata import FOLDED_KEYS
from statusbeam.model.texts import distinct, printable
from statusbeam.model.validation import exact_integer, json_text

from .plain_numbers import LONGEST_NUMBER, is_decimal, to_number
from .plain_texts import has_text, to_text, type_mark

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any, Final

_ROOM: Final = DETAIL_BYTES - 2_000
"""Bytes for the values; the rest is for marks, one in each of the objects and lists around a cut."""

_LONG_TEXT: Final = 256
_NUMBERS: Final = frozenset((int, float, bool, type(None)))
_NUMBERS_IN_A_LIST: Final = 10_000
_FOLDED: Final = frozenset(FOLDED_KEYS)


def walk_object(given: Mapping[Any, Any], inside: int) -> tuple[dict[str, Any], int]:
    """The object as plain JSON, and how many bytes it takes, approximately.

    `inside` is the id of the caller's value, which may hold itself. Raises what reading the object raises.
    """
    walk = _Walk(inside, shared=False)
    try:
        return walk.object(given, 1), walk.weight
    except _NoRoomError:  # once more, so that the keys that come first leave room for the others
        walk = _Walk(inside, shared=True)
        return walk.object(given, 1), walk.weight


def fields_of(value: Any) -> Mapping[str, Any] | None:
    """The fields of a dataclass, a pydantic model or an attrs class."""
    kind = type(value)
    dataclass_fields = getattr(kind, "__dataclass_fields__", None)
    if isinstance(dataclass_fields, dict):
        return {name: getattr(value, name, None) for name in dataclass_fields}
    model_fields = getattr(kind, "__pydantic_fields__", None)
    if isinstance(model_fields, dict):
        extra = getattr(value, "__pydantic_extra__", None) or {}
        return {
            **{name: getattr(value, name) for name, field in model_fields.items() if not field.exclude},
            **extra,
        }
    attributes = getattr(kind, "__attrs_attrs__", None)
    if isinstance(attributes, tuple):
        return {attribute.name: getattr(value, attribute.name, None) for attribute in attributes}
    return None


class _NoRoomError(BaseException):
    """The value is larger than its room. No handler in between may catch it as an error of the value."""


class _Walk:
    """One way through a caller's value. Raises _NoRoomError if a value has to be cut.

    With `shared`, it cuts the value, and each part of an object gets an equal share of the room that is left.
    """

    def __init__(self, inside: int, *, shared: bool) -> None:
        self._bytes = _ROOM
        self._values = METADATA_VALUES
        self._shared = shared
        self._inside = {inside}  # the ids of the values that the current one is inside of

    @property
    def weight(self) -> int:
        """The bytes of the kept values, approximately."""
        return _ROOM - self._bytes

    def object(self, given: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        """The object with as many of its items as there is room for."""
        if len(given) > self._values:
            self._cut()
        # With shares, each part uses a value for itself and at least one for its content.
        keys = list(islice(given, self._values // 2 if self._shared and depth == 1 else self._values))
        if depth == 1 and not _FOLDED.isdisjoint(keys):  # the keys that the snapshot reads come first
            keys.sort(key=lambda key: key not in _FOLDED)
        found: dict[str, Any] = {}
        for number, key in enumerate(keys):
            if self._is_full():
                keys = keys[:number]
                break
            name = distinct(self._key(key), found)
            found[name] = self._part(given, key, depth, len(keys) - number)
        self._mark_missing(found, len(given) - len(keys))
        return found

    def _mark_missing(self, found: dict[str, Any], missing: int) -> None:
        if missing > 0:
            self._cut()
            found["…"] = f"[{missing} more]"

    def _part(self, given: Mapping[Any, Any], key: Any, depth: int, parts: int) -> Any:
        if not self._shared:
            return self._item(given, key, depth)
        room, values = self._bytes, self._values
        self._bytes, self._values = room // parts, max(1, values // parts)
        kept_bytes, kept_values = room - self._bytes, values - self._values
        part = self._item(given, key, depth)
        self._bytes += kept_bytes
        self._values += kept_values
        return part

    def _item(self, given: Mapping[Any, Any], key: Any, depth: int) -> Any:
        try:
            value = given[key]
        except Exception:  # noqa: BLE001 - a lazy mapping may raise anything
            return "<missing>"
        return self.value(value, depth)

    def _cut(self) -> None:
        if not self._shared:
            raise _NoRoomError

    def _is_full(self) -> bool:
        return self._bytes <= 0 or self._values <= 0

    def _key(self, key: Any) -> str:
        if key is None or type(key) in (bool, float):
            return json.dumps(key)  # as JSON's writers do
        text = printable(to_text(key)[:_LONG_TEXT])
        self._bytes -= len(text) + 4
        return text

    def value(self, value: Any, depth: int) -> Any:
        """The value as JSON, inside an object or a list at `depth`."""
        self._values -= 1
        kind = type(value)
        if kind is str:
            return self._text(value)
        if value is None or kind is bool:
            self._bytes -= 6
            return value
        if kind is int or kind is float:
            return self._number(value)
        try:
            return self._other(value, depth)
        except Exception:  # noqa: BLE001 - the caller's value may raise anything
            self._bytes -= _LONG_TEXT
            return type_mark(value)

    def _text(self, value: str) -> str:
        given, length = value, len(value)
        room = min(self._bytes, REDACTED_LENGTH)  # the redactor would cut off more, and the mark with it
        if length > _LONG_TEXT and length > room:
            self._cut()
            mark = length_mark(value)
            value = value[: max(0, room - len(mark))] + mark
        text = printable(value)
        size = _size(text)
        if length > _LONG_TEXT and size > self._bytes + _LONG_TEXT:  # a character can have several bytes
            self._cut()
            kept = len(text) * max(0, self._bytes) // size // 2
            text = text[:kept] + length_mark(given)
            size = _size(text)
        self._bytes -= size + 1
        return text

    def _number(self, value: float) -> Any:
        self._bytes -= 20
        if isinstance(value, int):
            return exact_integer(value) if value.bit_length() <= LONGEST_NUMBER * 4 else "<int>"
        return value if math.isfinite(value) else f"<{value}>"

    def _other(self, value: Any, depth: int) -> Any:
        is_object = isinstance(value, Mapping)
        if is_object or isinstance(value, list | tuple | set | frozenset):
            return self._container(value, depth, is_object=is_object)
        if isinstance(value, str):
            plain: Any = getattr(value, "value", value)  # an enum's member
            return self._text(str.__str__(plain if isinstance(plain, str) else value))
        if isinstance(value, BaseException):
            from .failures import error_id  # noqa: PLC0415 - for failures only

            return {"error": type(value).__name__, "errorId": error_id(value, {})}
        if isinstance(value, bytes | bytearray | memoryview):
            return self._bytes_as_text(value)
        fields = None if isinstance(value, type) else fields_of(value)
        if fields is not None:
            return self._container(fields, depth, is_object=True, of=value)
        return self._scalar(value, depth)

    def _container(self, value: Any, depth: int, *, is_object: bool, of: Any = None) -> Any:
        me = id(value if of is None else of)
        if depth >= METADATA_DEPTH or me in self._inside:
            self._bytes -= _LONG_TEXT
            return type_mark(value if of is None else of)
        self._inside.add(me)
        try:
            if is_object:
                return self.object(value, depth + 1)
            return self._list(value, depth + 1)
        finally:
            self._inside.discard(me)

    def _list(self, value: Any, depth: int) -> list[Any]:
        count = len(value)
        if count > max(self._values, _NUMBERS_IN_A_LIST):
            self._cut()
        if isinstance(value, set | frozenset):
            value = _in_order(value)
        numbers = self._numbers(value) if len(value) >= _LONG_TEXT else None
        found: list[Any] = [] if numbers is None else numbers
        if numbers is None:
            for item in value:
                if self._is_full():
                    break
                found.append(self.value(item, depth))
        if count > len(found):
            self._cut()
            found.append(f"… [{count - len(found)} more]")
        return found

    def _numbers(self, value: Any) -> list[Any] | None:
        """The beginning of a list that holds nothing but numbers, without looking at each."""
        first = list(value[: max(0, min(self._bytes // 2, _NUMBERS_IN_A_LIST))])
        if not first or not _NUMBERS.issuperset(map(type, first)):
            return None
        try:
            size = len(json_text(first))
            largest = max(abs(item) for item in (min(map(_zero, first)), max(map(_zero, first))))
        except (ValueError, OverflowError):  # not finite, or with too many digits
            return None
        if isinstance(exact_integer(math.ceil(largest)), str):
            return None
        if size > self._bytes:
            del first[len(first) * max(0, self._bytes) // size :]
            size = self._bytes
        self._bytes -= size
        return first

    def _bytes_as_text(self, value: bytes | bytearray | memoryview) -> str:
        length = value.nbytes if isinstance(value, memoryview) else len(value)
        if length <= DETAIL_BYTES:
            with suppress(UnicodeDecodeError):
                return self._text(bytes(value).decode())
        self._bytes -= _LONG_TEXT
        return f"<{length} bytes>"

    def _scalar(self, value: Any, depth: int) -> Any:
        from datetime import date, time, timedelta  # noqa: PLC0415 - for values of others only
        from enum import Enum  # noqa: PLC0415

        if isinstance(value, Enum):
            return self.value(value.value, depth)
        if hasattr(value, "dtype") and hasattr(value, "tolist"):
            return self._array(value, depth)
        if isinstance(value, timedelta):
            value = value.total_seconds()
        if isinstance(value, int | float) or is_decimal(value) or hasattr(type(value), "__index__"):
            return self._number_of_others(value)
        return self._text(value.isoformat() if isinstance(value, date | time) else _text_of(value))

    def _number_of_others(self, value: Any) -> Any:
        number = to_number(value)
        if number is None:
            return self._text(f"<{to_text(value)[:LONGEST_NUMBER]}>")
        return self._text(format(number, "f")) if is_decimal(number) else self._number(number)

    def _array(self, value: Any, depth: int) -> Any:
        """A scalar or an array of numpy, or of those that are like them."""
        shape = tuple(value.shape)
        if not shape:
            return self.value(value.tolist(), depth)
        if math.prod(shape) > _NUMBERS_IN_A_LIST:
            self._bytes -= _LONG_TEXT
            return f"<{type(value).__name__} {'x'.join(map(str, shape))} {value.dtype}>"
        return self._list(value.tolist(), depth + 1) if depth < METADATA_DEPTH else type_mark(value)


def _text_of(value: object) -> str:
    """The text of an object of a class that this module doesn't know."""
    shown: Any = type(value).__repr__
    is_address = shown is object.__repr__ and not has_text(value)
    is_iterator = isinstance(value, Iterable) and hasattr(value, "__next__")  # reading it would use it up
    return type_mark(value) if is_address or is_iterator else to_text(value)


def _zero(value: float | None) -> float:
    return 0 if value is None else value


def _size(text: str) -> int:
    encoded = encode_basestring(text)
    return len(encoded) if encoded.isascii() else len(encoded.encode())


def _in_order(values: Any) -> list[Any]:
    """A set as a list, the same in every process where its values have an order and are not many."""
    try:
        if len(values) > METADATA_VALUES:
            return [*islice(values, METADATA_VALUES)]
        return sorted(values)
    except Exception:  # noqa: BLE001 - values of several kinds, or without an order
        return list(values)
