"""The parameters of every HTTP route: the bridge and the caller; and the OpenAPI document's errors."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.datastructures import QueryParams

from statusbeam.model.words import StatusType

from ..access.viewer import Viewer
from ..dialects.filters import Family, StatusFilter
from ..problems import MEDIA_TYPE, Problem
from ..service import Bridge
from ..tail.cursor import BadCursorError, Cursor

Member = TypeVar("Member", bound=StrEnum)


class ProblemDocument(BaseModel):
    """An error as RFC 9457 defines it."""

    type: str
    title: str
    status: int
    detail: str


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route, for the OpenAPI document."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    return {
        status: {"model": ProblemDocument, "content": content, "description": "Problem"}
        for status in statuses
    }


READING: Final = problems(400, 401, 403, 422, 503)
"""The errors of every route that reads."""


async def _bridge(
    request: Request,
) -> Bridge:  # async, because FastAPI runs plain functions in a thread, which costs more
    bridge: Bridge = request.app.state.bridge
    return bridge


TheBridge = Annotated[Bridge, Depends(_bridge)]


_BEARER: Final = HTTPBearer(
    auto_error=False, description="A view token, or a token of the user pool or the OpenID Connect provider."
)


async def _caller(
    request: Request,
    bridge: TheBridge,
    _: Annotated[object, Depends(_BEARER)],  # for the OpenAPI document: the bridge reads the header itself
) -> Viewer:
    return await bridge.viewer(request)


Caller = Annotated[Viewer, Depends(_caller)]
"""The verified reader. Raises Problem before the route runs."""


def filter_in(parameters: QueryParams) -> StatusFilter:
    """The filter in `?job=…&user=…&agent=…&type=…&word=…&family=…`, each as often as you like.

    Raises Problem.
    """
    return StatusFilter(
        jobs=tuple(parameters.getlist("job")),
        users=tuple(parameters.getlist("user")),
        agents=tuple(parameters.getlist("agent")),
        types=_members(StatusType, "type", parameters),
        words=tuple(parameters.getlist("word")),
        families=_members(Family, "family", parameters),
    )


def _members(kind: type[Member], name: str, parameters: QueryParams) -> tuple[Member, ...]:
    try:
        return tuple(map(kind, parameters.getlist(name)))
    except ValueError as error:
        raise Problem.bad_request(f"{name} must be one of {', '.join(kind)}") from error


async def _filter(request: Request) -> StatusFilter:
    return filter_in(request.query_params)


Filter = Annotated[StatusFilter, Depends(_filter)]
"""The filter of a request. Raises Problem before the route runs."""


def cursor_in(name: str, text: str | None) -> Cursor | None:
    """The cursor in a parameter. Raises Problem."""
    try:
        return None if text is None else Cursor.parse(text)
    except BadCursorError as error:
        raise Problem.bad_request(f"{name}: {error}") from error
