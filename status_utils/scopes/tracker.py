"""One run of a workflow, told agent by agent: for orchestrators that call their agents themselves.

    >>> tracker = StatusTracker("job-1", "ana", "city", correlation_id="request-7")
    >>> tracker.initialize_status(["Geo Agent", "Category Agent"])
    True
    >>> tracker.update_agent_status("Geo Agent", "in-progress", activity="Reading the address")
    True
    >>> tracker.update_agent_status("Geo Agent", "success", token_usage={"inputTokens": 90})
    True
    >>> tracker.finalize_status()
    True

Its three methods never raise. What they report are statuses like all others, so that readers see the job as
they see every job: agents with activity, start, end, duration, attempts and tokens.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from statusbeam.model.clock import Clock
from statusbeam.model.words import StatusWord

from .failures import failure_of
from .publish import publish_agent_status, publish_orchestrator_status

if TYPE_CHECKING:
    from ..transports.transport import Transport
    from .optional_arguments import StatusExtras

_log = logging.getLogger(__name__)

PENDING: Final = "pending"
IN_PROGRESS: Final = "in-progress"
SUCCESS: Final = "success"
ERROR: Final = "error"

_AGENT_ENDS: Final = {SUCCESS: StatusWord.AGENT_COMPLETE, ERROR: StatusWord.AGENT_ERROR}
_JOB_ENDS: Final = {SUCCESS: StatusWord.COMPLETE, ERROR: StatusWord.ERROR}


@dataclass(slots=True)
class _Run:
    """Where one agent stands."""

    status: str = PENDING
    attempt: int = 1
    started: float | None = None  # epoch seconds, of this attempt
    lock: Lock = field(
        default_factory=Lock
    )  # held while sending: an agent's statuses don't overtake each other

    def move(self, status: str, *, now: float, measured: bool) -> str:
        """Take the agent to `status`; the word that says so. `measured`: with a percentage."""
        before = self.status
        if status in _AGENT_ENDS:
            self.status = status
            return _AGENT_ENDS[status]
        if status not in (PENDING, IN_PROGRESS):
            raise ValueError(f"an agent is {PENDING}, {IN_PROGRESS}, {SUCCESS} or {ERROR}, not {status}")
        self.status = status
        if before in _AGENT_ENDS:
            self.attempt += 1
            self.started = None
        if status == PENDING:
            return PENDING
        if self.started is None:
            self.started = now
            return StatusWord.AGENT_RETRYING if self.attempt > 1 else StatusWord.AGENT_INVOKING
        return StatusWord.PROGRESS if measured else IN_PROGRESS

    def spent_ms(self, now: float) -> int | None:
        """How long the attempt took, once it ended."""
        ended = self.status in _AGENT_ENDS and self.started is not None
        return _milliseconds(now - (self.started or 0.0)) if ended else None


class StatusTracker:
    """Reports a job and its agents; threads may share one.

    `correlation_id` is the caller's own name of the run; readers find it in the job as `correlationId` and as
    `sessionId`. Without one, the job id is the session's.
    """

    def __init__(
        self,
        job_id: str,
        user_id: str,
        tenant_id: str,
        *,
        correlation_id: str | None = None,
        document_id: str | None = None,
        source_type: str | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._ids = (job_id, user_id, tenant_id)
        about = {
            "sessionId": correlation_id or job_id,
            "correlationId": correlation_id,
            "documentId": document_id,
            "sourceType": source_type,
        }
        self._about = {name: value for name, value in about.items() if value is not None}
        self._transport = transport
        self._clock = clock or Clock()
        self._began: float | None = None
        self._runs: dict[str, _Run] = {}
        self._lock = Lock()

    def initialize_status(
        self, agents: Sequence[str | Mapping[str, Any]] = (), message: str = "The agents are being loaded"
    ) -> bool:
        """Report that the job exists, and which agents will work on it: they show as pending.

        `agents` holds names, or the steps of a plan: `{"name", "weight", "dependsOn", "tools"}`. Returns
        whether the status was accepted.
        """
        try:
            self._began = self._clock.now()
            metadata: dict[str, Any] = dict(self._about)
            if agents:
                metadata["plan"] = [name if isinstance(name, str) else dict(name) for name in agents]
            extras = self._extras(self._began, metadata)
            return publish_orchestrator_status(*self._ids, StatusWord.LOADING_AGENTS, message, **extras)
        except Exception as error:  # noqa: BLE001 - the promise: a report never costs the caller its work
            return _not_reported("initialize_status", error)

    def update_agent_status(
        self,
        agent_name: str,
        status: str,
        activity: str | None = None,
        token_usage: Mapping[str, int] | None = None,
        error: BaseException | str | None = None,
        *,
        progress: float | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> bool:
        """Report where one agent stands: `pending`, `in-progress`, `success` or `error`.

        `activity` is a sentence about what it does. `token_usage` is `{"inputTokens", "outputTokens"}`, the
        running total of this attempt. `error` is a sentence for everybody to read, or an exception, whose
        text stays in the local log. `progress` is a percentage. An agent that goes on after its end is on its
        next attempt. One that is quiet for longer than 75 s looks stale, unless `metadata` says how long it
        may be: `{"leaseSeconds": 600}`. Returns whether the status was accepted; a word other than the four
        is not.
        """
        try:
            details = dict(metadata or {})
            if token_usage is not None:
                details["tokenUsage"] = dict(token_usage)
            message = activity or f"{agent_name}: {status}"
            if error is not None:
                message = self._public_text(agent_name, error, details)
            with self._lock:
                run = self._runs.setdefault(agent_name, _Run())
            with run.lock:
                now = self._clock.now()
                word = run.move(status, now=now, measured=progress is not None)
                extras = self._extras(now, details)
                extras["attempt"] = run.attempt
                if progress is not None:
                    extras["progress"] = progress
                return publish_agent_status(
                    *self._ids, agent_name, word, message, run.spent_ms(now), **extras
                )
        except Exception as problem:  # noqa: BLE001 - the promise: a report never costs the caller its work
            return _not_reported("update_agent_status", problem)

    def finalize_status(
        self, status: str = SUCCESS, message: str | None = None, error: BaseException | str | None = None
    ) -> bool:
        """Report the job's end: `success`, or `error`, which giving an `error` means as well.

        `error` is as in update_agent_status. Returns whether the status was accepted.
        """
        try:
            word = _JOB_ENDS[status if error is None else ERROR]
            details: dict[str, Any] = {}
            text = message or ("The job is complete" if word is StatusWord.COMPLETE else "The job failed")
            if error is not None:
                text = self._public_text("The job", error, details)
            now = self._clock.now()
            spent = None if self._began is None else _milliseconds(now - self._began)
            extras = self._extras(now, details)
            return publish_orchestrator_status(*self._ids, word, text, execution_time_ms=spent, **extras)
        except Exception as problem:  # noqa: BLE001 - the promise: a report never costs the caller its work
            return _not_reported("finalize_status", problem)

    def _public_text(self, who: str, error: BaseException | str, details: dict[str, Any]) -> str:
        if isinstance(error, str):
            return error
        text, found = failure_of(error, who, {"jobId": self._ids[0], "invocationId": who})
        details.update(found)
        return text

    def _extras(self, now: float, metadata: Mapping[str, Any]) -> StatusExtras:
        extras: StatusExtras = {
            "timestamp": datetime.fromtimestamp(now, UTC),
            "transport": self._transport,
        }
        if metadata:
            extras["metadata"] = metadata
        return extras


def _milliseconds(seconds: float) -> int:
    return max(0, round(seconds * 1000))


def _not_reported(method: str, error: Exception) -> bool:
    _log.error("method=<%s> | status not reported", method, exc_info=error)
    return False
