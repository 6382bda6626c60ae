"""AppSync's scalars, really validated on the way in and out.

https://docs.aws.amazon.com/appsync/latest/devguide/scalars.html
"""

from __future__ import annotations

import calendar
import ipaddress
import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from graphql import GraphQLError, GraphQLScalarType, ValueNode
from graphql.language import FloatValueNode, IntValueNode, StringValueNode
from graphql.utilities import value_from_ast_untyped

_OFFSET = r"(?:Z|[+-](?:0\d|1[0-8]):[0-5]\d(?::[0-5]\d)?)"
_DAY = r"(?P<year>[+-]?\d{4,9})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])"
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?"
_DATE = re.compile(rf"{_DAY}{_OFFSET}?")
_TIME = re.compile(rf"{_CLOCK}{_OFFSET}?")
# The offset is compulsory here, and AppSync insists on seconds.
_DATE_TIME = re.compile(rf"{_DAY}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{{1,9}})?{_OFFSET}")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})+")
# E.164 with separators, or a national (US) number.
_PHONE = re.compile(r"\+?[0-9](?:[ .()-]*[0-9]){6,14}")
_MIN_LONG, _MAX_LONG = -(2**63), 2**63 - 1

_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def _text(value: Any, kind: str) -> str:
    if not isinstance(value, str):
        raise GraphQLError(f"Unable to parse `{value}` as a valid {kind} Object.")
    return value


def _real_day(match: re.Match[str]) -> bool:
    year, month, day = (int(match[name]) for name in ("year", "month", "day"))
    # Years outside of the calendar module's range repeat every 400.
    return day <= calendar.monthrange(2000 + year % 400, month)[1]


def _dated(pattern: re.Pattern[str], kind: str) -> Callable[[Any], str]:
    # The same timestamp comes in with a mutation and goes out with its result.
    @lru_cache(maxsize=1024)
    def fits(text: str) -> bool:
        match = pattern.fullmatch(text)
        return match is not None and _real_day(match)

    def check(value: Any) -> str:
        text = _text(value, kind)
        if not fits(text):
            raise GraphQLError(f"Unable to parse `{text}` as a valid {kind} Object.")
        return text

    return check


def _shaped(pattern: re.Pattern[str], kind: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        text = _text(value, kind)
        if pattern.fullmatch(text) is None:
            raise GraphQLError(f"Unable to parse `{text}` as a valid {kind} Object.")
        return text

    return check


def _url(value: Any) -> str:
    text = _text(value, "URL")
    try:
        parts = urlsplit(text)
        valid = bool(parts.scheme) and (bool(parts.netloc) or parts.scheme not in {"http", "https", "ftp"})
    except ValueError:
        valid = False
    if not valid or re.search(r"\s", text):
        raise GraphQLError(f"Unable to parse `{text}` as a valid URL Object.")
    return text


def _ip_address(value: Any) -> str:
    text = _text(value, "IPAddress")
    try:
        # A subnet in CIDR form is allowed too.
        ipaddress.ip_interface(text)
    except ValueError as error:
        raise GraphQLError(f"Unable to parse `{text}` as a valid IPAddress Object.") from error
    return text


def _long(kind: str) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        whole = isinstance(value, float) and value.is_integer()
        if isinstance(value, bool) or not (isinstance(value, int) or whole):
            raise GraphQLError(f"Unable to parse `{value}` as a valid {kind} Object.")
        if not _MIN_LONG <= value <= _MAX_LONG:
            raise GraphQLError(f"Unable to parse `{value}` as a valid {kind} Object.")
        return int(value)

    return check


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _parse_json(value: Any) -> Any:
    text = _text(value, "JSON")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise GraphQLError(f"Unable to parse `{text}` as a valid JSON Object.") from error


# name -> (parse a value of a variable, serialize a value of a resolver)
_SCALARS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "AWSDate": (_dated(_DATE, "Date"),) * 2,
    "AWSTime": (_shaped(_TIME, "Time"),) * 2,
    "AWSDateTime": (_dated(_DATE_TIME, "DateTime"),) * 2,
    "AWSTimestamp": (_long("Timestamp"),) * 2,
    "AWSEmail": (_shaped(_EMAIL, "Email"),) * 2,
    "AWSURL": (_url,) * 2,
    "AWSPhone": (_shaped(_PHONE, "Phone"),) * 2,
    "AWSIPAddress": (_ip_address,) * 2,
    "Long": (_long("Long"),) * 2,
    # A resolver's value becomes JSON text, a text becomes quoted text.
    "AWSJSON": (_parse_json, _dumps),
}
SCALAR_NAMES = tuple(_SCALARS)
_STRINGS = frozenset(_SCALARS) - {"AWSTimestamp", "Long"}


def install(scalar: GraphQLScalarType) -> None:
    """Give one of AppSync's scalars in a built schema its real behaviour; other scalars stay as they are."""
    functions = _SCALARS.get(scalar.name)
    if functions is None:
        return
    parse, serialize = functions
    name = scalar.name

    def parse_literal(node: ValueNode, _variables: dict[str, Any] | None = None) -> Any:
        fits = StringValueNode if name in _STRINGS else (IntValueNode, FloatValueNode)
        if not isinstance(node, fits):
            raise GraphQLError(f"A {name} literal has the wrong kind.", node)
        return parse(value_from_ast_untyped(node))

    def serialize_named(value: Any) -> Any:
        try:
            return serialize(value)
        except (GraphQLError, TypeError, ValueError) as error:
            kind = name.removeprefix("AWS")
            raise GraphQLError(f"Unable to serialize `{value}` as a valid {kind} Object.") from error

    scalar.parse_value = parse  # type: ignore[assignment, method-assign]
    scalar.parse_literal = parse_literal  # type: ignore[assignment, method-assign]
    scalar.serialize = serialize_named  # type: ignore[method-assign]
