"""What all scopes share, and which is the innermost one of this thread or task.

asyncio tasks inherit the scope of whoever made them. Threads start outside of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar

from statusbeam.model.words import StatusType, status_type

from ..sending.dead_letter import log_undelivered
from ..sending.truncate import fitted_metadata, no_object, text_of
from .failures import failure_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, ClassVar, Self

    from ..sending.sender import Sender
    from ..transports.transport import Transport

_INNERMOST: ContextVar[Scope | None] = ContextVar("status_utils_scope", default=None)
_COALESCED = (StatusType.PROGRESS, StatusType.HEARTBEAT)


class Scope:
    """Something that begins, says things and ends once, as a `with` block, an `async with` block, or by hand.

    By hand, for frameworks whose callbacks cross threads: `start()`, and later `end()` or `end(error)`.
    """

    DONE: ClassVar[str]
    FAILED: ClassVar[str]

    def __init__(self, sender: Sender, who: str, entry: dict[str, Any], parent: Scope | None) -> None:
        self.sender = sender
        self.parent = parent
        self.said_at = 0.0  # in the sender's ticks
        self.who = who
        self.entry = entry  # what all statuses of this scope have
        self._usage: dict[str, int] | None = None
        self._began_at: float | None = None
        self._unsaid_end = [True]  # a list, because of two threads only one can pop it
        self._around: list[Scope | None] = []  # a scope may be entered within itself

    @property
    def job_id(self) -> str:
        """The job this belongs to."""
        job_id: str = self.entry["jobId"]
        return job_id

    @property
    def is_open(self) -> bool:
        """Whether its end is still to be said."""
        return bool(self._unsaid_end)

    def start(self) -> Self:
        """Begin without becoming the current scope; the `with` block does this too."""
        if self._began_at is None:
            self._began_at = self.sender.ticks()
            self.sender.opened(self)
            try:
                self._say_start()
            except Exception as error:  # noqa: BLE001 - such as a plan whose iterator raises
                log_undelivered(self.entry, error)
        return self

    def end(self, error: BaseException | None = None) -> None:
        """End: well, or with what became of `error`. After `complete` or `fail` nothing more is said."""
        if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
            self._say_end(self.DONE, f"{self.who} completed", None)
        else:
            message, metadata = failure_of(error, self.who, self.entry)
            self._say_end(self.FAILED, message, metadata)
        self.sender.closed(self)

    def complete(self, message: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Say how it ended well, instead of the scope's own "… completed"."""
        self._say_end(self.DONE, message, metadata)

    def fail(self, message: str | BaseException, metadata: Mapping[str, Any] | None = None) -> None:
        """Say that it ended badly, in words for everybody, or with the exception that was the reason."""
        if isinstance(message, BaseException):
            message, found = failure_of(message, self.who, self.entry)
            metadata = {**found, **metadata} if isinstance(metadata, Mapping) else found
        self._say_end(self.FAILED, message, metadata)

    def progress(self, percent: float, message: str = "", metadata: Mapping[str, Any] | None = None) -> None:
        """Say how far it is, in percent. Of what is said faster than it can be sent, the latest counts."""
        # The sender's log line says what is wrong with it.
        with suppress(TypeError, ValueError, OverflowError):
            percent = min(100.0, max(0.0, float(percent)))
        self.say("progress", message, metadata, progress=percent)

    def status(self, status: str, message: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Say anything else: a word of the library's or of your own."""
        if status in (self.DONE, self.FAILED):
            self._say_end(status, message, metadata)
        else:
            self.say(status, message, metadata)

    def say(self, status: str, message: str, metadata: Mapping[str, Any] | None, **fields: Any) -> None:
        """Hand a status to the sender; `fields` are on the wire's names.

        Here the scopes keep their promise: whatever goes wrong, the caller's work goes on.
        """
        entry = {**self.entry, "status": status, "message": text_of(message), **fields}
        try:
            usage = self._tokens_used()
            if metadata is not None or usage is not None:
                entry["metadata"] = _frozen(metadata, usage)
            self._hand_over(entry)
        except Exception as error:  # noqa: BLE001 - see above
            log_undelivered(entry, error)

    def take_in(self, entry: Mapping[str, Any]) -> None:
        """Hand over what a publish function was given; a status of this scope's agent is one of its run."""
        own = {name: value for name, value in entry.items() if value is not None}
        if own.get("metadata") is not None and not isinstance(own["metadata"], str):
            own["metadata"] = _frozen(own["metadata"], None)
        scope = self._spoken_of(own)
        if scope is None:
            self._hand_over(own)
            return
        ends = own.get("status") in (scope.DONE, scope.FAILED)
        if not ends or scope._ends_now():  # else it was said
            self._hand_over({**scope.entry, **own})
        if ends:
            self.sender.closed(scope)

    def _spoken_of(self, entry: Mapping[str, Any]) -> Scope | None:
        """The scope from here upward that a status of this agent or, without one, of the job is about."""
        scope: Scope | None = self
        while scope is not None:
            about = scope.entry.get("agentName") == entry.get("agentName") and "toolName" not in scope.entry
            if about and entry.get("invocationId") in (None, scope.entry.get("invocationId")):
                return scope
            scope = scope.parent
        return None

    def _hand_over(self, entry: Mapping[str, Any]) -> None:
        self._renew()
        key = None
        if status_type(entry["status"]) in _COALESCED:
            key = (entry["jobId"], entry.get("invocationId"), entry.get("toolName"))
        self.sender.put(entry, key)

    def tokens(self, *, input: int, output: int) -> None:  # noqa: A002 - what everybody calls them
        """Note the tokens used so far in this attempt; they travel with the statuses that follow."""
        self._usage = {"inputTokens": input, "outputTokens": output}

    def _tokens_used(self) -> dict[str, int] | None:
        return self._usage

    def _renew(self) -> None:
        self.said_at = self.sender.ticks()

    def _say_start(self) -> None:
        raise NotImplementedError

    def _say_end(self, status: str, message: str, metadata: Mapping[str, Any] | None) -> None:
        if self._ends_now():
            began_at = self.sender.ticks() if self._began_at is None else self._began_at
            took = max(0, round((self.sender.ticks() - began_at) * 1000))
            self.say(status, message, metadata, executionTimeMs=took)
            self.sender.closed(self)

    def _ends_now(self) -> bool:
        """Whether the end is to be said now: it is said once, whoever comes first."""
        try:
            return self._unsaid_end.pop()
        except IndexError:
            return False

    def __enter__(self) -> Self:
        self.start()
        self._around.append(_INNERMOST.get())
        _INNERMOST.set(self)
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
        around = self._around.pop() if self._around else None
        inner = _INNERMOST.get()
        if self.is_around(inner):  # what began in it and wasn't left is left as well
            _INNERMOST.set(around)
            return
        # Out of turn, such as by generators that take turns; or in another context, which has its own scopes.
        while inner is not None and inner.around is not self:
            inner = inner.around
        if inner is not None:
            inner._around[-1] = around

    def is_around(self, scope: Scope | None) -> bool:
        """Whether `scope` is this one or below it."""
        while scope is not None and scope is not self:
            scope = scope.parent
        return scope is not None

    @property
    def around(self) -> Scope | None:
        """What was the innermost scope where this one was entered."""
        return self._around[-1] if self._around else None


def innermost() -> Scope | None:
    """The innermost scope, tools included."""
    return _INNERMOST.get()


def enclosing(job_id: str, transport: Transport | None) -> Scope | None:
    """The innermost scope of that job; None where there is none, or none that sends by that transport."""
    scope = _INNERMOST.get()
    while scope is not None and scope.job_id != job_id:
        scope = scope.around  # the scopes of two jobs may be within each other
    return scope if scope is not None and transport in (None, scope.sender.transport) else None


def enter_scope(scope: Scope | None) -> None:
    """Make `scope` the current one here, for callbacks that cannot be a `with` block around the work."""
    _INNERMOST.set(scope)


def _frozen(metadata: Mapping[str, Any] | None, usage: dict[str, int] | None) -> str | dict[str, Any]:
    """Metadata as it is now: the caller may change it before it is sent."""
    given: Any = metadata
    whole = dict(given if isinstance(given, Mapping) else {} if given is None else no_object(given))
    if usage is not None:
        whole.setdefault("tokenUsage", usage)
    try:
        return json.dumps(whole, default=str)
    except (TypeError, ValueError, RecursionError):
        return fitted_metadata(whole)
