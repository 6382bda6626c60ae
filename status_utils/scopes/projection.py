"""Writes a tracker's statuses into the table of sessions, for programs that read DynamoDB directly.

>>> SessionProjection("session-7", table).write({"jobId": "job-1", …, "status": "loading_agents"})
True
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from statusbeam.model.errors import RejectionCode, TransportError

from ..sending.draft import Draft
from ..sending.send_breaker import SEND_BREAKER
from .failures import log_not_reported
from .session_item import item_after

if TYPE_CHECKING:
    from ..transports.session_table import SessionTable

_WAITING: Final = 200
"""The most statuses that wait for the table. The projection drops older ones."""


class SessionProjection:
    """The item of one session. Never raises. Safe for threads, and for several processes of one session.

    A table that fails slowly is not tried for some seconds. The projection then writes the missing statuses
    with the next one.
    """

    def __init__(self, session_id: str, table: SessionTable) -> None:
        self._session_id = session_id
        self._table = table
        self._turn = Lock()  # the threads of a process would only meet each other in the table
        self._waiting: deque[Mapping[str, Any]] = deque(maxlen=_WAITING)  # statuses, oldest first

    def write(self, fields: Mapping[str, Any]) -> bool:
        """Write a status, plain values by the schema's names; returns whether the table took it."""
        try:
            status = Draft(fields, time.time()).encode(os.urandom(16).hex(), remember=False)
            with self._turn:
                self._waiting.append(status)
                SEND_BREAKER.call(self._table, self._write_waiting)
        except Exception as error:  # noqa: BLE001 - status calls never raise
            log_not_reported("session table", fields, error)
            return False
        return True

    def _write_waiting(self) -> None:
        try:
            self._table.change(self._session_id, self._with_waiting)
        except TransportError as error:
            if not error.retriable:
                self._waiting.clear()
            raise
        self._waiting.clear()

    def _with_waiting(self, item: Mapping[str, Any] | None) -> Mapping[str, Any]:
        found: dict[str, Any] = {} if item is None else dict(item)
        for status in self._waiting:
            found = dict(self._after(found or None, status))
        return found

    def _after(self, item: Mapping[str, Any] | None, status: Mapping[str, Any]) -> Mapping[str, Any]:
        if item is not None and any(item[owner] != status[owner] for owner in ("tenantId", "userId")):
            problem = f"session {self._session_id} belongs to another user or tenant"
            raise TransportError(problem, code=RejectionCode.FOREIGN_OWNER, retriable=False)
        return item_after(item, status, self._session_id)
