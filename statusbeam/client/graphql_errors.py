"""AppSync's errors, as errors of the client. `web/client/src/errors.ts` reads them by the same rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from .errors import ClientError, RefusedError, UnreachableError

LOGIN_ENDED: Final = "LoginEnded"
"""The error type of a login that has ended: only a new sign-in helps."""
NOT_WAITING: Final = "NotWaiting"
"""The error type of an answer to a wait that is over."""
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429
_MISTAKE: Final = 400


class TokenRefusedError(RefusedError):
    """The API does not take the token. Another one may do."""


def error_of(answer: Any, *, status: int = 0) -> ClientError:
    """The error for an answer with `errors`, or else for its HTTP status."""
    first = _first(answer)
    kind = str(first.get("errorType") or "")
    code = first.get("errorCode")
    return _error(
        kind, code if isinstance(code, int) else status, str(first.get("message") or f"status {status}")
    )


def _first(answer: Any) -> Mapping[str, Any]:
    """AppSync sends `errors` as a list, and for some errors as one object."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else errors
    return first if isinstance(first, dict) else {}


def _error(kind: str, code: int, message: str) -> ClientError:
    # `Unauthorized` is about one field; the exception is about the login.
    if kind in {LOGIN_ENDED, NOT_WAITING} or (kind == "Unauthorized" and code != _UNAUTHORIZED):
        return RefusedError(f"the API refused: {message}", kind)
    if re.search("unauthori[sz]ed|notauthorized", kind, re.IGNORECASE) or code == _UNAUTHORIZED:
        return TokenRefusedError(f"the API refused the caller: {message}", kind)
    # A firewall (WAF) also refuses too many requests, and later ones pass.
    if re.search("^waf|limit|throttl|maxsubscriptions|toomanyrequests", kind, re.IGNORECASE) or (
        code == _TOO_MANY
    ):
        return UnreachableError(f"the API took no more requests: {message}")
    if re.search("forbidden", kind, re.IGNORECASE) or code == _FORBIDDEN:
        return RefusedError(f"the API refused: {message}", kind)
    mistake = "badrequest|validation|malformed|unsupported|toomanyagents"
    if re.search(mistake, kind, re.IGNORECASE) or code == _MISTAKE:
        return ClientError(f"the API refused: {message}")
    return UnreachableError(f"the API failed: {message}")
