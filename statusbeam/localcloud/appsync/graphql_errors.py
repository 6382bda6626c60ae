"""Errors in AppSync's form, with its messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLError
from graphql.language import get_location
from graphql.language.ast import Node

ErrorDict = dict[str, Any]

VALIDATION = "ValidationError"
UNAUTHORIZED = "Unauthorized"
LIMIT = "LimitExceeded"

PathKey = str | int
# The path of a value: (path of its parent, its key). None is the root.
Path = tuple[Any, PathKey] | None


class FieldError(Exception):
    """A field failed. A `message` of None means `util.unauthorized()`."""

    def __init__(
        self, message: str | None, error_type: str | None, data: Any = None, info: Any = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_type = error_type
        self.data = data
        self.info = info


class RequestRefusedError(Exception):
    """The operation is refused before it runs. `errors` have AppSync's form."""

    def __init__(self, errors: Sequence[ErrorDict]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = list(errors)


def path_list(path: Path) -> list[PathKey]:
    """The keys from the root on."""
    keys: list[PathKey] = []
    while path is not None:
        path, key = path
        keys.append(key)
    keys.reverse()
    return keys


def path_text(path: Path) -> str:
    """The path as AppSync's messages spell it: `/listJobs/jobs[0]/jobId`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f"/{key}" for key in path_list(path))


def locations(node: Node | None) -> list[dict[str, Any]] | None:
    """The node's position in the document."""
    if node is None or node.loc is None:
        return None
    place = get_location(node.loc.source, node.loc.start)
    return [{"line": place.line, "column": place.column, "sourceName": None}]


def field_error(path: Path, node: Node | None, error: FieldError) -> ErrorDict:
    """A resolver's failure as an element of `errors`."""
    return {
        "path": path_list(path),
        "data": error.data,
        "errorType": error.error_type,
        "errorInfo": error.info,
        "locations": locations(node),
        "message": error.message,
    }


def not_authorized(type_name: str, field_name: str) -> FieldError:
    """The caller may not use the field."""
    return FieldError(f"Not Authorized to access {field_name} on type {type_name}", UNAUTHORIZED)


def value_error(path: Path, message: str) -> ErrorDict:
    """A value of the wrong type. AppSync gives these errors no type and no position."""
    return {"path": path_list(path), "locations": None, "message": message}


def null_error(path: Path, type_text: str, parent: str) -> ErrorDict:
    """A null in a non-null field."""
    place = f"within parent '{parent}' ({path_text(path)})"
    return value_error(path, f"Cannot return null for non-nullable type: '{type_text}' {place}")


def validation_errors(errors: Sequence[GraphQLError]) -> list[ErrorDict]:
    """graphql-core's validation errors of a document."""
    return [
        {
            "path": None,
            "locations": [
                {"line": place.line, "column": place.column, "sourceName": None}
                for place in error.locations or ()
            ],
            "message": error.message,
            "errorType": VALIDATION,
        }
        for error in errors
    ]


def validation_error(message: str, node: Node | None = None, error_type: str = VALIDATION) -> ErrorDict:
    """A validation error of a document or its variables that graphql-core does not know."""
    return {"path": None, "locations": locations(node), "message": message, "errorType": error_type}


def appended_error(path: Path, node: Node | None, fields: Mapping[str, Any]) -> ErrorDict:
    """The error that `util.appendError` added."""
    error = FieldError(fields["message"], fields["errorType"], fields["data"], fields["errorInfo"])
    return field_error(path, node, error)
