"""DynamoDB's typed values: from what resolvers write to the SDK's form, and from that to plain JSON."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from .resolver import DataSourceError

AttributeMap = dict[str, Any]

# Like AppSync's, tokens are opaque and can't be forged. They are valid for the life of this process.
_TOKENS = Fernet(Fernet.generate_key())


def _number(value: Any) -> str:
    return str(value) if isinstance(value, str) else json.dumps(value)


def _binary(value: Any) -> bytes:
    return base64.b64decode(value, validate=True)


_TO_SDK: dict[str, Callable[[Any], Any]] = {
    "S": str,
    "N": _number,
    "B": _binary,
    "BOOL": bool,
    "NULL": lambda _value: True,
    "SS": list,
    "NS": lambda values: [_number(value) for value in values],
    "BS": lambda values: [_binary(value) for value in values],
    "L": lambda values: [to_sdk(value) for value in values],
    "M": lambda values: to_sdk_map(values),  # noqa: PLW0108 - defined further down
}


def to_sdk(value: Any) -> dict[str, Any]:
    """`{"N": 1}` as resolvers write it becomes `{"N": "1"}`. Raises DataSourceError."""
    if not isinstance(value, Mapping) or len(value) != 1:
        raise DataSourceError(f"{json.dumps(value)} is not a DynamoDB value", "DynamoDB:ValidationException")
    tag, inner = next(iter(value.items()))
    if tag not in _TO_SDK:
        raise DataSourceError(f"{tag} is not a type of DynamoDB's", "DynamoDB:ValidationException")
    try:
        return {tag: _TO_SDK[tag](inner)}
    except (TypeError, binascii.Error) as error:
        message = f"{json.dumps(inner)} does not fit the DynamoDB type {tag}"
        raise DataSourceError(message, "DynamoDB:ValidationException") from error


def to_sdk_map(values: Any) -> AttributeMap:
    """A key, an item or a set of expression values. Raises DataSourceError."""
    if not isinstance(values, Mapping):
        raise DataSourceError("a map of DynamoDB values is missing", "DynamoDB:ValidationException")
    return {name: to_sdk(value) for name, value in values.items()}


def _from_number(text: str) -> int | float:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise DataSourceError(f"{text} is not a number", "DynamoDB:ValidationException") from error
    return int(number) if number == number.to_integral_value() else float(number)


def _from_binary(value: bytes) -> str:
    return base64.b64encode(value).decode()


_FROM_SDK: dict[str, Callable[[Any], Any]] = {
    "S": str,
    "N": _from_number,
    "B": _from_binary,
    "BOOL": bool,
    "NULL": lambda _value: None,
    "SS": sorted,
    "NS": lambda values: [_from_number(value) for value in values],
    "BS": lambda values: [_from_binary(value) for value in values],
    "L": lambda values: [from_sdk(value) for value in values],
    "M": lambda values: from_sdk_map(values),  # noqa: PLW0108 - defined further down
}


def from_sdk(value: Mapping[str, Any]) -> Any:
    """A typed value of the SDK as JSON; binary becomes base64."""
    tag, inner = next(iter(value.items()))
    return _FROM_SDK[tag](inner)


def from_sdk_map(values: Mapping[str, Any]) -> dict[str, Any]:
    """An item of the SDK as JSON."""
    return {name: from_sdk(value) for name, value in values.items()}


def to_token(last_key: Mapping[str, Any] | None) -> str | None:
    """`nextToken` for the key a page ended at."""
    if not last_key:
        return None
    plain = {name: _token_value(value) for name, value in last_key.items()}
    return _TOKENS.encrypt(json.dumps(plain).encode()).decode()


def _token_value(value: Mapping[str, Any]) -> dict[str, Any]:
    tag, inner = next(iter(value.items()))
    return {tag: _from_binary(inner) if tag == "B" else inner}


def from_token(token: str) -> AttributeMap:
    """The key in a `nextToken`. Raises DataSourceError."""
    try:
        return to_sdk_map(json.loads(_TOKENS.decrypt(token.encode())))
    except InvalidToken as error:
        raise DataSourceError("Invalid pagination token given.", "DynamoDB:ValidationException") from error
