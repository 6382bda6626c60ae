"""The bridge's errors: problem documents (RFC 9457), in all protocols.

>>> raise Problem.not_found("There is no such job, or it is not yours.")
HTTP 404, application/problem+json
{"type": "urn:statusbeam:problem:not-found", "title": "Not Found", "status": 404, "detail": "There is no …"}

A problem contains only what its reader may know. The detail for operators goes to the process's logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, Self

from starlette.responses import JSONResponse

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:statusbeam:problem:"


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """The response to a failed request. `code` is the end of the problem's type."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = HTTPStatus(status)
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    def document(self) -> dict[str, Any]:
        """The problem document."""
        return {
            "type": f"{TYPE_PREFIX}{self.code}",
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
            **self.members,
        }

    def response(self) -> JSONResponse:
        """The response with the problem document."""
        return JSONResponse(self.document(), self.status, headers=self.headers, media_type=MEDIA_TYPE)

    @classmethod
    def bad_request(cls, detail: str, **members: Any) -> Self:
        """The request can't be understood. The same request fails again."""
        return cls(400, "bad-request", detail, members=members)

    @classmethod
    def unauthenticated(cls, detail: str = "The request needs a valid token.") -> Self:
        """No token, or one that is not valid."""
        return cls(401, "unauthenticated", detail, headers={"WWW-Authenticate": "Bearer"})

    @classmethod
    def forbidden(cls, detail: str) -> Self:
        """The valid token does not permit the request."""
        return cls(403, "forbidden", detail)

    @classmethod
    def not_found(cls, detail: str) -> Self:
        """It does not exist, or the caller may not know of it."""
        return cls(404, "not-found", detail)

    @classmethod
    def too_many(cls, detail: str, *, retry_after: int = 5) -> Self:
        """The caller or this process has reached a limit."""
        return cls(429, "too-many-requests", detail, headers={"Retry-After": str(retry_after)})

    @classmethod
    def unavailable(cls, detail: str, *, retry_after: int = 2) -> Self:
        """The log can't be read now. The same request may succeed later."""
        return cls(503, "unavailable", detail, headers={"Retry-After": str(retry_after)})
