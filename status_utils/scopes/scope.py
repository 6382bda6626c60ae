"""What all scopes have in common, and which scope is the current one of this thread or task.

asyncio tasks inherit the scope of the task that created them. Threads start outside of all scopes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar

from statusbeam.model.words import StatusType, StatusWord, status_type

from ..sending.dead_letter import log_undelivered
from ..sending.truncate import not_an_object, to_text, truncate_metadata
from .failures import describe_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, ClassVar, Self

    from ..sending.sender import Sender
    from ..transports.transport import Transport

_CURRENT: ContextVar[Scope | None] = ContextVar("status_utils_scope", default=None)
_COALESCED = (StatusType.PROGRESS, StatusType.HEARTBEAT)
_PROGRESS = StatusWord.PROGRESS.value  # plain texts: hashing an enum's member takes longer, at each call
_HEARTBEAT = StatusWord.HEARTBEAT.value


class Scope:
    """Work that begins, reports statuses and ends once: a `with` block, an `async with` block, or by hand.

    By hand, for frameworks whose callbacks cross threads: `start()`, and later `end()` or `end(error)`.
    """

    COMPLETED: ClassVar[str]
    FAILED: ClassVar[str]

    def __init__(self, sender: Sender, label: str, fields: dict[str, Any], parent: Scope | None) -> None:
        self.sender = sender
        self.parent = parent
        self.last_status_at = 0.0  # in the sender's ticks
        self.label = label  # the scope's name in messages
        self.fields = fields  # what all statuses of this scope have, by the schema's names
        self._token_usage: dict[str, int] | None = None
        self._began_at: float | None = None
        self._unclaimed_end = [True]  # a list: of several threads, only one can pop the element
        self._previous: list[Scope | None] = []  # a list: a scope may be entered within itself

    @property
    def job_id(self) -> str:
        """The job this belongs to."""
        job_id: str = self.fields["jobId"]
        return job_id

    @property
    def is_open(self) -> bool:
        """Whether its end is still to be reported."""
        return bool(self._unclaimed_end)

    @property
    def is_job(self) -> bool:
        """Whether it is a job, not an agent or a tool."""
        return self.parent is None

    def start(self) -> Self:
        """Begin without becoming the current scope; the `with` block does this too."""
        if self._began_at is None:
            self._began_at = self.sender.ticks()
            self.sender.opened(self)
            try:
                self._report_start()
            except Exception as error:  # noqa: BLE001 - such as a plan whose iterator raises
                log_undelivered(self.fields, error)
        return self

    def end(self, error: BaseException | None = None) -> None:
        """End: completed, or failed with `error`. Does nothing after `complete` or `fail`."""
        if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
            self._report_end(self.COMPLETED, f"{self.label} completed", None)
        else:
            message, metadata = describe_failure(error, self.label, self.fields)
            self._report_end(self.FAILED, message, metadata)
        self.sender.closed(self)

    def complete(self, message: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Report that it completed, instead of the scope's own "… completed"."""
        self._report_end(self.COMPLETED, message, metadata)

    def fail(self, message: str | BaseException, metadata: Mapping[str, Any] | None = None) -> None:
        """Report that it failed, with a message for readers or with the exception that was the reason."""
        if isinstance(message, BaseException):
            message, found = describe_failure(message, self.label, self.fields)
            metadata = {**found, **metadata} if isinstance(metadata, Mapping) else found
        self._report_end(self.FAILED, message, metadata)

    def progress(self, percent: float, message: str = "", metadata: Mapping[str, Any] | None = None) -> None:
        """Report the progress in percent. If calls are faster than sends, only the latest is sent."""
        # A value that is not a number is logged when the status is validated.
        with suppress(TypeError, ValueError, OverflowError):
            percent = min(100.0, max(0.0, float(percent)))
        self._report(_PROGRESS, message, metadata, progress=percent)

    def status(self, status: str, message: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Report any other status: one of the library's words or your own."""
        if status in (self.COMPLETED, self.FAILED):
            self._report_end(status, message, metadata)
        else:
            self._report(status, message, metadata)

    def send_heartbeat(self) -> None:
        """Report that the work goes on. The sender calls this while the scope is quiet."""
        self._report(_HEARTBEAT, "Still working", None)

    def tokens(self, *, input: int, output: int) -> None:  # noqa: A002 - what everybody calls them
        """Set the tokens used so far in this attempt; the next statuses carry them."""
        self._token_usage = {"inputTokens": input, "outputTokens": output}

    def report_draft(self, draft: Mapping[str, Any]) -> None:
        """Report a publish function's draft; one of this scope's agent belongs to its invocation."""
        given = {name: value for name, value in draft.items() if value is not None}
        if given.get("metadata") is not None and not isinstance(given["metadata"], str):
            given["metadata"] = _frozen_metadata(given["metadata"], None)
        scope = self._scope_of(given)
        if scope is None:
            self._enqueue(given)
            return
        is_end = given.get("status") in (scope.COMPLETED, scope.FAILED)
        if not is_end or scope._claim_end():
            self._enqueue({**scope.fields, **given})
        if is_end:
            self.sender.closed(scope)

    def _scope_of(self, draft: Mapping[str, Any]) -> Scope | None:
        """The scope, from this one upward, of the draft's agent; of the job if the draft names no agent."""
        scope: Scope | None = self
        while scope is not None:
            same = scope.fields.get("agentName") == draft.get("agentName") and "toolName" not in scope.fields
            if same and draft.get("invocationId") in (None, scope.fields.get("invocationId")):
                return scope
            scope = scope.parent
        return None

    def _report(self, status: str, message: str, metadata: Mapping[str, Any] | None, **fields: Any) -> None:
        """Queue a status; `fields` are by the schema's names. Never raises: what goes wrong is logged."""
        draft = {**self.fields, "status": status, "message": to_text(message), **fields}
        try:
            usage = self._current_usage()
            if metadata is not None or usage is not None:
                draft["metadata"] = _frozen_metadata(metadata, usage)
            self._enqueue(draft)
        except Exception as error:  # noqa: BLE001 - see above
            log_undelivered(draft, error)

    def _enqueue(self, draft: Mapping[str, Any]) -> None:
        self._renew_lease()
        key = None
        if status_type(draft["status"]) in _COALESCED:
            key = (draft["jobId"], draft.get("invocationId"), draft.get("toolName"))
        self.sender.put(draft, key)

    def _current_usage(self) -> dict[str, int] | None:
        return self._token_usage

    def _renew_lease(self) -> None:
        self.last_status_at = self.sender.ticks()

    def _report_start(self) -> None:
        raise NotImplementedError

    def _report_end(self, status: str, message: str, metadata: Mapping[str, Any] | None) -> None:
        if self._claim_end():
            began_at = self.sender.ticks() if self._began_at is None else self._began_at
            took = max(0, round((self.sender.ticks() - began_at) * 1000))
            self._report(status, message, metadata, executionTimeMs=took)
            self.sender.closed(self)

    def _claim_end(self) -> bool:
        """Whether the caller is the one to report the end: only the first call answers yes."""
        try:
            return self._unclaimed_end.pop()
        except IndexError:
            return False

    def __enter__(self) -> Self:
        self.start()
        self._previous.append(_CURRENT.get())
        _CURRENT.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()
        self.end(error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def _leave(self) -> None:
        previous = self._previous.pop() if self._previous else None
        current = _CURRENT.get()
        if self.contains(current):  # scopes that were entered in it and never left are left as well
            _CURRENT.set(previous)
            return
        # Left out of order, such as by interleaved generators; or in another context, which has its own
        # scopes.
        while current is not None and current.previous is not self:
            current = current.previous
        if current is not None:
            current._previous[-1] = previous

    def contains(self, scope: Scope | None) -> bool:
        """Whether `scope` is this one or below it."""
        while scope is not None and scope is not self:
            scope = scope.parent
        return scope is not None

    @property
    def previous(self) -> Scope | None:
        """The current scope where this one was entered."""
        return self._previous[-1] if self._previous else None


def innermost_scope() -> Scope | None:
    """The current scope, tools included."""
    return _CURRENT.get()


def enclosing_scope(job_id: str, transport: Transport | None) -> Scope | None:
    """The innermost scope of that job; None without one, or if it sends by another transport."""
    scope = _CURRENT.get()
    while scope is not None and scope.job_id != job_id:
        scope = scope.previous  # the scopes of two jobs may be within each other
    return scope if scope is not None and transport in (None, scope.sender.transport) else None


def set_current_scope(scope: Scope | None) -> None:
    """Make `scope` the current one here, for callbacks that cannot be a `with` block around the work."""
    _CURRENT.set(scope)


def _frozen_metadata(
    metadata: Mapping[str, Any] | None, usage: dict[str, int] | None
) -> str | dict[str, Any]:
    """Metadata as it is now: the caller may change it before it is sent."""
    given: Any = metadata
    merged = dict(given if isinstance(given, Mapping) else {} if given is None else not_an_object(given))
    if usage is not None:
        merged.setdefault("tokenUsage", usage)
    try:
        return json.dumps(merged, default=str)
    except (TypeError, ValueError, RecursionError):
        return truncate_metadata(merged)
