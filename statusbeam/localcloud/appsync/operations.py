"""One GraphQL operation as clients send it, and its failures as AppSync writes them.

HTTP requests and WebSocket messages carry both in the same JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from .contract import AppSyncError, GraphQLRequest

# Never shown to resolvers: `ctx.request.headers` ends up in logs.
_CREDENTIALS: Final = frozenset(
    {"authorization", "x-api-key", "x-amz-security-token", "cookie", "sec-websocket-protocol"}
)


def parse_operation(text: str | bytes) -> GraphQLRequest | None:
    """Read `{"query", "variables"?, "operationName"?}`. Returns None for any other shape."""
    try:
        operation = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(operation, dict) or not _has_valid_unicode(text, operation):
        return None
    query = operation.get("query")
    variables = operation.get("variables")
    name = operation.get("operationName")
    if (
        not isinstance(query, str)
        or not isinstance(variables, dict | None)
        or not isinstance(name, str | None)
    ):
        return None
    return GraphQLRequest(query=query, variables=variables or {}, operation_name=name)


def visible_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that a resolver may see."""
    return {name: value for name, value in headers.items() if name not in _CREDENTIALS}


def error_entry(error: AppSyncError) -> dict[str, Any]:
    """One element of `errors`, as AppSync writes it."""
    entry: dict[str, Any] = {"errorType": error.error_type} if error.error_type else {}
    entry["message"] = error.message
    if error.data is not None:
        entry["data"] = error.data
    if error.info is not None:
        entry["errorInfo"] = error.info
    return entry


def internal_failure() -> AppSyncError:
    """The error for a defect on the server. It carries no details: clients must not see them."""
    return AppSyncError(
        "An internal failure occurred while resolving this request.", "InternalFailure", status=500
    )


def execution_timeout() -> AppSyncError:
    """The error for an operation that exceeds the execution time limit."""
    return AppSyncError("Execution timed out.", "ExecutionTimeout")


def is_unicode(text: str) -> bool:
    """Whether the text can be encoded as UTF-8. JSON allows half a surrogate pair, which UTF-8 does not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _has_valid_unicode(text: str | bytes, decoded: object) -> bool:
    """Whether the decoded JSON is free of half surrogate pairs, which DynamoDB refuses."""
    escapes = ("\\ud", "\\uD") if isinstance(text, str) else (b"\\ud", b"\\uD")
    if escapes[0] not in text and escapes[1] not in text:  # type: ignore[operator] # both are of text's type
        return True
    return is_unicode(json.dumps(decoded, ensure_ascii=False))
