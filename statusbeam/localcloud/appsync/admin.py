"""The data plane's own routes: its counters, and the switches of its injected faults."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from .http.messages import HttpRequest, HttpResponse
from .http.router import Handler
from .realtime.faults import FAULTS_PATH, Faults

STATS_PATH: Final = "/_localcloud/stats"


def stats_routes(stats: Callable[[], dict[str, Any]]) -> dict[tuple[str, str], Handler]:
    """The route that shows the counters."""

    async def show(_: HttpRequest) -> HttpResponse:
        return HttpResponse.json(stats(), headers=_NO_STORE)

    return {("GET", STATS_PATH): show}


def fault_routes(faults: Faults, close_all: Callable[[int], None]) -> dict[tuple[str, str], Handler]:
    """The routes that show and change the fault switches.

    `{"reset": true}` switches all faults off, `{"closeAll": 1001}` closes all WebSockets.
    """

    async def show(_: HttpRequest) -> HttpResponse:
        return HttpResponse.json(faults.to_dict(), headers=_NO_STORE)

    async def change(request: HttpRequest) -> HttpResponse:
        if not request.headers.get("content-type", "").startswith("application/json"):
            # A form on a page of another site can't send this content type.
            return _refused("Content-Type must be application/json.")
        try:
            changes = json.loads(request.body)
            _apply(changes, faults, close_all)
        except ValueError as error:
            return _refused(str(error))
        return HttpResponse.json(faults.to_dict(), headers=_NO_STORE)

    return {("GET", FAULTS_PATH): show, ("POST", FAULTS_PATH): change}


_NO_STORE: Final = {"cache-control": "no-store"}


def _apply(changes: Any, faults: Faults, close_all: Callable[[int], None]) -> None:
    if not isinstance(changes, dict):
        raise ValueError("the body must be a JSON object of switches")  # noqa: TRY004 - the client's mistake, like the others
    code = changes.pop("closeAll", None)
    if code is not None and (
        not isinstance(code, int) or not (code in {1000, 1001, 1011} or 3000 <= code < 5000)
    ):
        raise ValueError("closeAll must be a close code: 1000, 1001, 1011 or from 3000 to 4999")
    if changes.pop("reset", False) is True:
        faults.reset()
    faults.update(changes)
    if code is not None:
        close_all(code)


def _refused(message: str) -> HttpResponse:
    return HttpResponse.failure(400, "BadRequestException", message)
