"""Validates each field of a status. The functions take a field's wire name and value. They return the value
in the library's form, or raise InvalidStatusError with field and limit."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from .errors import InvalidStatusError, RejectionCode
from .limits import (
    DETAIL_BYTES,
    EXACT_INTEGER_MAX,
    INTEGER_DIGITS,
    METADATA_DEPTH,
    NUMBER_DIGITS,
    WHOLE_NUMBER_MAX,
)
from .texts import REPLACEMENT, distinct, is_one_line, is_printable, printable
from .words import is_word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Reader = Callable[[str, Any], Any]


def refuse(field: str | None, code: RejectionCode, problem: str) -> InvalidStatusError:
    """The error to raise for `field`, in one form of words."""
    return InvalidStatusError(f"{field or 'the payload'} {problem}", code=code, field=field)


def _text_of(field: str, value: Any, longest: int) -> str:
    if not isinstance(value, str):
        raise refuse(field, RejectionCode.WRONG_TYPE, f"must be text, not {type(value).__name__}")
    if len(value) > longest:
        raise refuse(field, RejectionCode.TOO_LONG, f"must be at most {longest} characters, not {len(value)}")
    return value


def identifier(longest: int, *, forbidden: str = "") -> Reader:
    """Printable text on one line, not empty, without any of the `forbidden` characters."""

    def read(field: str, value: Any) -> str:
        text = _text_of(field, value, longest)
        if not text:
            raise refuse(field, RejectionCode.BAD_CHARACTERS, "must not be empty")
        if not is_one_line(text):
            raise refuse(field, RejectionCode.BAD_CHARACTERS, "must be printable and on one line")
        for character in forbidden:
            if character in text:
                raise refuse(field, RejectionCode.BAD_CHARACTERS, f"must not contain {character}")
        return text

    return read


def one_word(longest: int) -> Reader:
    """A status: letters, digits and `_ . : -`."""

    def read(field: str, value: Any) -> str:
        text = _text_of(field, value, longest)
        if not is_word(text):
            raise refuse(field, RejectionCode.BAD_CHARACTERS, "must be one word of letters, digits and _.:-")
        return text

    return read


def message(longest: int) -> Reader:
    """Text for people, as `is_printable` describes it."""

    def read(field: str, value: Any) -> str:
        text = _text_of(field, value, longest)
        if not is_printable(text):
            raise refuse(field, RejectionCode.BAD_CHARACTERS, "must not contain control characters")
        return text

    return read


def readable_json(value: Any) -> Any:
    """A JSON value that every client can show: its texts and keys are `printable`, and integers that
    JavaScript would change are texts."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        clean: dict[str, Any] = {}
        for key, item in value.items():
            clean[distinct(printable(key), clean)] = readable_json(item)
        return clean
    if isinstance(value, list):
        return [readable_json(item) for item in value]
    return exact_integer(value) if isinstance(value, int) else value


def exact_integer(value: int) -> int | str:
    """The integer; its text if JavaScript, which has 53 bits, would read another one."""
    return value if -EXACT_INTEGER_MAX <= value <= EXACT_INTEGER_MAX else str(value)


def whole_number(lowest: int) -> Reader:
    """A 32-bit integer from `lowest` up. 3.0 counts as 3, because some callers have no integers."""

    def read(field: str, value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise refuse(field, RejectionCode.WRONG_TYPE, "must be a whole number")
        if not lowest <= value <= WHOLE_NUMBER_MAX:
            raise refuse(field, RejectionCode.OUT_OF_RANGE, f"must be from {lowest} to {WHOLE_NUMBER_MAX}")
        return value

    return read


def number(highest: float) -> Reader:
    """A number from 0 to `highest`, kept to thousandths."""

    def read(field: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise refuse(field, RejectionCode.WRONG_TYPE, f"must be a number, not {type(value).__name__}")
        if (isinstance(value, float) and math.isnan(value)) or not 0 <= value <= highest:
            raise refuse(field, RejectionCode.OUT_OF_RANGE, f"must be from 0 to {highest}")
        return abs(round(float(value), NUMBER_DIGITS))  # abs: -0.0 has no place in DynamoDB

    return read


def wire_time(moment: datetime) -> str:
    """A point in time as the wire has it: `2026-11-20T09:30:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def moment_of(text: str) -> datetime:
    """The point in time of an ISO 8601 text, the same in each version of Python.

    Also in lower case, as RFC 3339 allows; 24:00 is the next day's midnight, a leap second the next second.
    Raises ValueError or OverflowError.
    """
    if not text.isascii():
        raise ValueError("a time has no characters beyond ASCII")
    text = text.upper()
    if midnight := _MIDNIGHT.fullmatch(text):
        return datetime.fromisoformat(f"{midnight[1]}00{midnight[2]}") + timedelta(days=1)
    if leap := _LEAP_SECOND.fullmatch(text):
        return datetime.fromisoformat(f"{leap[1]}59{leap[2]}") + timedelta(seconds=1)
    return datetime.fromisoformat(text)


_MIDNIGHT = re.compile(r"([^T ]*[T ])24((?::?00){0,2}(?:[.,]0*)?(?:Z|[+-].*)?)")
_LEAP_SECOND = re.compile(r"([^T ]*[T ]\d\d:?\d\d:?)60((?:[.,]\d*)?(?:Z|[+-].*)?)")


def time(field: str, value: Any) -> str:
    """An ISO 8601 date and time with its offset (an AWSDateTime), kept as UTC with milliseconds."""
    text = _text_of(field, value, 64)
    try:
        moment = moment_of(text)
        if moment.tzinfo is None:
            raise refuse(field, RejectionCode.BAD_TIME, "must carry an offset, such as Z")
        return wire_time(moment)
    except (ValueError, OverflowError) as error:
        raise refuse(field, RejectionCode.BAD_TIME, "must be an ISO 8601 date and time") from error


def json_text(value: Any) -> str:
    """Compact JSON. Raises ValueError, TypeError or RecursionError for values that JSON or UTF-8 cannot
    hold."""
    text = _ENCODER.encode(value)
    text.encode()
    return text


def _plain(value: object) -> object:
    if isinstance(value, JsonObject):
        return value._value
    raise TypeError(f"{type(value).__name__} is not JSON")


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while True:
        containers = [item for item in level if isinstance(item, Mapping | list)]
        if not containers:
            return depth
        depth += 1
        level = [child for c in containers for child in (c.values() if isinstance(c, Mapping) else c)]


class JsonObject(Mapping[str, "Any"]):
    """A JSON object that does not change, and knows its canonical text: a process encodes it once.

    >>> found = JsonObject({"street": "Elm"})
    >>> found["street"], found.text, found.size, found.depth
    ('Elm', '{"street":"Elm"}', 16, 1)
    """

    __slots__ = ("_depth", "_size", "_text", "_value", "weight")

    def __init__(self, value: dict[str, Any], *, weight: int = 0) -> None:
        self._value = value
        self.weight = weight
        """Bytes, approximately, if a caller knows them before it is encoded."""
        self._text: str | None = None
        self._size: int | None = None
        self._depth: int | None = None

    @property
    def text(self) -> str:
        """Compact JSON. Raises ValueError, TypeError or RecursionError for values that JSON or UTF-8 can't
        hold."""
        if self._text is None:
            self._text = json_text(self._value)
        return self._text

    @property
    def size(self) -> int:
        """Bytes of the text."""
        if self._size is None:
            self._size = len(self.text.encode())
        return self._size

    @property
    def depth(self) -> int:
        """The depth of objects and lists within each other, this one included."""
        if self._depth is None:
            self._depth = _depth(self._value)
        return self._depth

    def __getitem__(self, key: str) -> Any:
        return self._value[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def __repr__(self) -> str:
        return f"JsonObject({self._value!r})"


def json_object(field: str, value: Any) -> JsonObject:
    """A JSON object within DETAIL_BYTES and METADATA_DEPTH, given as such or as its text (AWSJSON)."""
    if isinstance(value, JsonObject):
        found = value
    else:
        try:
            plain = json.loads(value if isinstance(value, str) else json_text(value), parse_int=_integer)
        except (ValueError, TypeError, RecursionError) as error:
            raise refuse(field, RejectionCode.BAD_JSON, "must be JSON") from error
        if not isinstance(plain, dict):
            raise refuse(field, RejectionCode.BAD_JSON, "must be a JSON object")
        found = JsonObject(plain)
    try:
        size = found.size
    except (ValueError, TypeError, RecursionError) as error:  # NaN, or half a character
        raise refuse(field, RejectionCode.BAD_JSON, "must be JSON") from error
    if size > DETAIL_BYTES:
        raise refuse(field, RejectionCode.TOO_LONG, f"must be at most {DETAIL_BYTES} bytes, not {size}")
    if found.depth > METADATA_DEPTH:
        raise refuse(field, RejectionCode.TOO_DEEP, f"must be nested at most {METADATA_DEPTH} deep")
    return found


def mended_object(field: str, value: Any) -> JsonObject:
    """`json_object`, with U+FFFD in the place of each half character: JSON can name it, and UTF-8 can't."""
    try:
        return json_object(field, value)
    except InvalidStatusError as error:
        if not isinstance(error.__cause__, UnicodeEncodeError):
            raise
    text = value if isinstance(value, str) else _ENCODER.encode(value)
    encoded = _ENCODER.encode(json.loads(text, object_pairs_hook=_with_printable_keys))
    return json_object(field, _HALVES.sub(REPLACEMENT, encoded))


def _with_printable_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[distinct(printable(key), found)] = value
    return found


_HALVES = re.compile(r"[\ud800-\udfff]")


def _integer(digits: str) -> int:
    if len(digits) > INTEGER_DIGITS:
        raise ValueError("no client can read a number of so many digits")
    return int(digits)
