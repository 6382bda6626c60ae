"""A sender without a thread, in virtual time; and failing transports."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from status_utils.scopes.job import JobScope, JobStart
from status_utils.sending.sender import Sender
from status_utils.sending.undelivered_log import undelivered_in
from status_utils.transports.transport import Transport
from statusbeam.model.clock import Clock
from statusbeam.model.errors import TransportError
from statusbeam.model.parse import SENT_AT
from tests.unit.samples import NOW

DEAD = TransportError("nobody answers", code="EndpointConnectionError", retriable=True)
THROTTLED = TransportError("slow down", code="ThrottlingException", retriable=True)
REFUSED = TransportError("not you", code="AccessDenied", retriable=False)


class FakeTransport:
    """Takes what `fails` lets through: it is asked each time, and gives what to raise, if anything."""

    def __init__(self, fails: Callable[[], Exception | None] = lambda: None) -> None:
        self.fails = fails
        self.taken: list[dict[str, Any]] = []
        self.tried: list[dict[str, Any]] = []

    def send(self, payload: Mapping[str, Any]) -> None:
        self.tried.append(json.loads(json.dumps(payload)))
        error = self.fails()
        if error is not None:
            raise error
        self.taken.append(dict(payload))

    def statuses(self) -> list[dict[str, Any]]:
        return [status for payload in self.taken for status in payload["updates"]]

    def status_words(self) -> list[str]:
        return [status["status"] for status in self.statuses()]


def untimed(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload without the time at which it was sent, which each try says anew."""
    return {field: value for field, value in payload.items() if field != SENT_AT}


class World:
    """One sender, its time, and the total wait of its callers (`waited`, in seconds)."""

    def __init__(self, transport: Transport) -> None:
        self.time = 1_000.0
        self.waited = 0.0
        clock = Clock(now=lambda: NOW + self.time, ticks=lambda: self.time, chance=lambda: 0.5)
        self.sender = Sender(transport, clock=clock, start=lambda run: None, wait=self._wait)

    def job(self, **more: Any) -> JobScope:
        """A job whose statuses this sender sends."""
        entry = {"jobId": "job-1", "userId": "ana", "tenantId": "city", **more}
        opening = JobStart("Starting", (), {})
        return JobScope(entry, opening, self.sender, ends_job=True, attempt=None)

    def run(self, seconds: float) -> None:
        """Let time pass for the sender's thread."""
        until = self.time + seconds
        while (wake_at := self.sender.pump()) is not None and wake_at <= until:
            self.time = max(self.time, wake_at)
        self.time = until

    def _wait(self, event: threading.Event, seconds: float) -> bool:
        began, until = self.time, self.time + seconds
        while True:
            wake_at = self.sender.pump()
            if event.is_set() or wake_at is None or wake_at > until:
                break
            self.time = max(self.time, wake_at)
        if not event.is_set():
            self.time = until
        self.waited += self.time - began
        return event.is_set()


def undelivered(records: list[logging.LogRecord]) -> list[dict[str, Any]]:
    """The payloads in the dead-letter lines of a test's log."""
    return list(undelivered_in("\n".join(record.getMessage() for record in records)))
