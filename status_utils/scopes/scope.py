"""The base of all scopes, and the current scope of this thread or task.

asyncio tasks inherit the scope of the task that created them. Threads start outside of all scopes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from threading import RLock

from statusbeam.model.metadata import MetadataKey
from statusbeam.model.normalize import with_word
from statusbeam.model.words import StatusWord

from ..sending.own_work import is_own_work, warn
from ..sending.process_hooks import is_ending
from .failures import describe_failure, is_cancellation, is_success
from .guard import never_raises
from .plain_texts import to_message, to_text
from .plain_values import plain_object
from .progress_share import to_percent
from .runs import Opening
from .token_usage import added_usage, token_usage
from .wait import wait_above, wait_details

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token
    from datetime import datetime, timedelta
    from types import TracebackType
    from typing import Any, ClassVar, Self

    from statusbeam.model.validation import JsonObject

    from ..sending.sender import Sender
    from ..transports.transport import Transport

_NAMES = ("agentName", "toolName")

_CURRENT: ContextVar[Scope | None] = ContextVar("status_utils_scope", default=None)

_pausing = RLock()
"""Held while a heartbeat or a `waiting` is reported: a heartbeat after a `waiting` would end the wait."""


def _renew_pausing() -> None:
    global _pausing  # noqa: PLW0603 - the thread that held it is not in the forked process
    _pausing = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_pausing)


class Scope:
    """Work that begins, reports statuses and ends once: a `with` block, an `async with` block, or by hand.

    By hand, for frameworks whose callbacks cross threads: `start()`, and later `end()` or `end(error)`.
    """

    COMPLETED: ClassVar[str]
    FAILED: ClassVar[str]
    CANCELLED: ClassVar[str]
    _ENDS: ClassVar[frozenset[str]]  # the words that end it

    def __init_subclass__(cls) -> None:
        ends = (cls.COMPLETED, cls.FAILED, cls.CANCELLED, StatusWord.CANCELLED)
        cls._ENDS = frozenset(map(str, ends))

    def __init__(self, sender: Sender, label: str, fields: dict[str, Any], parent: Scope | None) -> None:
        self.sender = sender
        self.parent = parent
        self.last_status_at = 0.0  # in the sender's ticks
        self.label = label  # the scope's name in messages
        self.fields = fields  # the fields of all statuses of this scope, by the schema's names
        self.planned_agents: Sequence[str] = ()  # by name
        self._opening: Opening = Opening() if parent is None else parent._opening
        self._token_usage: dict[str, Any] | None = None
        self._began_at: float | None = None
        self._wait: dict[str, Any] | None = None  # its wait; the next status ends it
        self._waits_below: dict[object, Scope] = {}  # the waits below it, by the invocation's id
        self._unclaimed_end = [True]  # a list: of several threads, only one can pop the element
        self._previous: list[Scope | None] = []  # a list: a scope may be entered within itself

    @property
    def job_id(self) -> str:
        """The job that this scope belongs to."""
        job_id: str = self.fields["jobId"]
        return job_id

    @property
    def run(self) -> str | None:
        """The run of the job that its statuses name; None if they name none."""
        return self._opening.run

    @property
    def is_open(self) -> bool:
        """Whether its end is still to be reported."""
        return bool(self._unclaimed_end)

    @property
    def is_waiting(self) -> bool:
        """Whether the work waits, itself or below."""
        return self._wait is not None or bool(self._waits_below)

    @property
    def is_job(self) -> bool:
        """Whether it is a job, not an agent or a tool."""
        return self.parent is None

    def start(self) -> Self:
        """Begin without becoming the current scope; the `with` block does this too."""
        self._start_once()
        return self

    @never_raises
    def _start_once(self) -> None:
        if self._began_at is None and not is_own_work():
            self._began_at = self.sender.ticks()
            self._open()
            self._report_start()

    @never_raises
    def end(self, error: BaseException | None = None) -> None:
        """End: completed, or failed or cancelled with `error`. Does nothing after `complete`, `fail` or
        `cancel`.

        Work that waits, itself or below, is not complete: without an error, no end is reported.
        """
        if error is None or is_success(error):
            if not self._is_left_waiting():
                self._report_end(self.COMPLETED, f"{self.label} completed", None)
        else:
            message, metadata = describe_failure(error, self.label, self.fields)
            self._report_end(self.CANCELLED if is_cancellation(error) else self.FAILED, message, metadata)
        self._close()

    async def end_async(self, error: BaseException | None = None) -> None:
        """`end` for coroutines: the event loop goes on while statuses are sent."""
        self.end(error)

    def end_unflushed(self, error: BaseException | None) -> None:
        """End, without waiting for anything."""
        self.end(error)

    @never_raises
    def complete(
        self, message: str, metadata: Mapping[str, Any] | None = None, *, result: Any = None
    ) -> None:
        """Report that it completed, instead of the scope's own "… completed".

            j.complete("Sent to the road works", result={"ticket": 4711})

        `result` is any JSON; readers find a job's in its field `result`.
        """
        self._report_end(self.COMPLETED, message, metadata, result)

    @never_raises
    def fail(self, message: str | BaseException, metadata: Mapping[str, Any] | None = None) -> None:
        """Report that it failed, with a message for readers or with the exception that was the reason."""
        found: dict[str, str] = {}
        if isinstance(message, BaseException):
            message, found = describe_failure(message, self.label, self.fields)
        if metadata is None:
            self._report_end(self.FAILED, message, found or None)
        else:
            self._report_end(self.FAILED, message, {**found, **plain_object(metadata)})

    @never_raises
    def cancel(self, message: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Report that it was cancelled: neither completed nor failed.

        if j.cancel_requested:
            j.cancel("Stopped after 3 of 5 places")
        """
        self._report_end(self.CANCELLED, message, metadata)

    @never_raises
    def progress(
        self,
        share: float | None = None,
        message: str = "",
        metadata: Mapping[str, Any] | None = None,
        *,
        percent: float | None = None,
    ) -> None:
        """Report the progress, as a share from 0 to 1 or in percent. If calls are faster than sends, the
        sender sends only the latest.

            a.progress(0.4, "2 of 5 places")
            a.progress(percent=40)
        """
        found = to_percent(share, percent)
        if found is not None:
            self._report(StatusWord.PROGRESS, message, metadata, progress=found)

    @never_raises
    def status(self, status: str, message: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Report any other status: one of the library's words or your own.

        A qualified status (`calling_amazon_location`) gives its word and the name in it. A sentence
        becomes the message of a `progress`.
        """
        given = {**self.fields, "status": to_text(status), "message": to_message(message)}
        read = with_word(given, self.known_agents())
        if read is given and given["status"] not in self._ENDS:  # almost always
            self._report_fields(given, metadata)
            return
        names = {name: read[name] for name in _NAMES if read.get(name) != self.fields.get(name)}
        named = self._open_agent(names["agentName"]) if "agentName" in names else None
        if named is not None:
            named.status(given["status"], message, metadata)
        elif read["status"] in self._ENDS and not names:  # `cancelled` is another word for a tool
            word = self.CANCELLED if read["status"] == StatusWord.CANCELLED else read["status"]
            self._report_end(word, read["message"], metadata)
        else:
            self._report(read["status"], read["message"], metadata, **names)

    def _open_agent(self, name: str) -> Scope | None:
        """The open agent of the job that a qualified status names; None if several have the name."""
        sources = (source for source in self.sender.open_sources() if isinstance(source, Scope))
        found = [s for s in sources if s.job_id == self.job_id and s.parent is not None and s.label == name]
        return found[0] if len(found) == 1 else None

    def known_agents(self) -> Iterator[str]:
        """The names of the job's open and planned agents: a qualified status may stand for one of them."""
        for source in self.sender.open_sources():
            if isinstance(source, Scope) and source.parent is not None and source.job_id == self.job_id:
                yield source.label
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        yield from scope.planned_agents

    @never_raises
    def waiting(
        self,
        *,
        for_: str,
        prompt: str = "",
        until: datetime | timedelta | float | None = None,
        answerable: bool = False,
    ) -> None:
        """Report that the work waits for a person, a timer or another job.

            a.waiting(for_="approval", prompt="May I close the road?", until=86_400)

        `until` is a moment, or a number of seconds from now. Work that waits needs no signs of life. Its next
        status ends the wait. If the scope is left while it waits, it reports no end. The code that resumes
        the work opens the same job, and the agent with the same `invocation_id`.

        With `answerable=True`, the job's people may approve or reject: on the page, in the terminal and with
        `answerWaiting`. The answer arrives as the event `Job Waiting Answered`, not in this process.
        """
        self._report_waiting(wait_details(for_, prompt, until, answerable=answerable))

    def _report_waiting(self, wait: dict[str, Any]) -> None:
        message = wait.get("prompt") or f"{self.label} is waiting for {wait.get('for', 'somebody')}"
        self._report(StatusWord.WAITING, message, {MetadataKey.WAITING: wait})

    def _pause(self, wait: dict[str, Any]) -> None:
        """Send no heartbeats until the next status."""
        self._wait = wait
        self.sender.closed(self)
        above = self.parent
        while above is not None:
            above._waits_below[self.fields.get("invocationId")] = self
            above = above.parent

    def _resume(self) -> None:
        """The wait is over."""
        self._wait = None
        if self.is_open:
            self._open()
        self._end_wait_above(self.fields.get("invocationId"))

    def _end_wait_above(self, invocation_id: object) -> None:
        """Continue an invocation, possibly in another scope than the waiting one."""
        above = self.parent
        while above is not None:
            above._waits_below.pop(invocation_id, None)
            above = above.parent

    def _is_left_waiting(self) -> bool:
        """Whether the work waits, itself or below. An agent whose agent waits reports that it waits too."""
        if self._wait is None and self._waits_below and self._waits_itself:
            below = next(iter(self._waits_below.copy().values()))
            if self.is_open and below._wait is not None:
                self._report_waiting(wait_above(below._wait))
        return self.is_waiting

    _waits_itself: ClassVar[bool] = True  # a job reports no wait of its own

    @never_raises
    def send_heartbeat(self) -> None:
        """Report that the work is running. The sender calls this while the scope is silent."""
        with _pausing:
            if self._wait is None:
                self._report(StatusWord.HEARTBEAT, "Still working", None)

    @never_raises
    def tokens(
        self,
        *,
        input: int,  # noqa: A002 - what everybody calls them
        output: int,
        cache_read: int | None = None,
        cache_write: int | None = None,
        reasoning: int | None = None,
        model: str | None = None,
    ) -> None:
        """Set the tokens used so far in this attempt; the next statuses carry them.

            a.tokens(input=1200, output=85, cache_read=900, model="claude-sonnet-5")

        `input` includes cached tokens of the prompts, `output` includes reasoning.
        """
        given = {"input": input, "output": output, "cache_read": cache_read, "cache_write": cache_write}
        usage, unknown = token_usage({**given, "reasoning": reasoning}, model)
        if unknown:
            warn(__name__, "job_id=<%s>, tokens=<%s> | ignored: not a count", self.fields["jobId"], unknown)
        if usage:
            self._set_usage({**self.token_usage, **usage})

    @never_raises
    def add_tokens(self, usage: Mapping[str, Any]) -> None:
        """Add the tokens of one call of a model, by the keys of `metadata.tokenUsage`."""
        with _pausing:
            self._set_usage(added_usage(self.token_usage, usage))

    @property
    def token_usage(self) -> Mapping[str, Any]:
        """The tokens used so far in this attempt."""
        return self._current_usage() or {}

    def _set_usage(self, usage: dict[str, Any]) -> None:
        self._token_usage = usage

    def report_draft(self, draft: Mapping[str, Any]) -> None:
        """Report a publish function's draft; a draft of this scope's agent belongs to its invocation."""
        scope = self._scope_of(draft)
        if scope is None:
            self._waits_below.pop(draft.get("invocationId"), None)
            self._end_wait_above(draft.get("invocationId"))
            self._enqueue(_with_run(draft, self._opening.metadata))
            return
        is_end = draft["status"] in scope._ENDS
        run = scope._final_run() if is_end else scope._opening.metadata
        if not is_end or scope._claim_end():
            own = _with_run({**scope.fields, **draft}, run)
            if draft["status"] == StatusWord.WAITING:
                scope._enqueue_waiting(own)
            else:
                scope._enqueue(own)
        if is_end:
            scope._close()

    def _scope_of(self, draft: Mapping[str, Any]) -> Scope | None:
        """The scope, from this one upward, of the draft's agent; of the job if the draft names no agent."""
        scope: Scope | None = self
        while scope is not None:
            same = scope.fields.get("agentName") == draft.get("agentName") and "toolName" not in scope.fields
            if same and draft.get("invocationId") in (None, scope.fields.get("invocationId")):
                return scope
            scope = scope.parent
        return None

    def _report(
        self,
        status: str,
        message: str,
        metadata: Mapping[str, Any] | None,
        *,
        run: JsonObject | None = None,
        result: Any = None,
        **fields: Any,
    ) -> None:
        """Queue a status; `fields` are by the schema's names, and plain values. `run`: of a final status."""
        draft = {**self.fields, "status": status, "message": to_message(message), **fields}
        self._report_fields(draft, metadata, run, result)

    def _report_fields(
        self,
        draft: dict[str, Any],
        metadata: Mapping[str, Any] | None,
        run: JsonObject | None = None,
        result: Any = None,
    ) -> None:
        """Queue a status by the schema's names, with its metadata."""
        usage, run = self._current_usage(), run or self._opening.metadata
        if metadata is not None or usage is not None or result is not None:
            draft["metadata"] = plain_object(metadata, usage, run, result=result)
        elif run is not None:
            draft["metadata"] = run
        if draft["status"] == StatusWord.WAITING:
            self._enqueue_waiting(draft)
        else:
            self._enqueue(draft)

    def _enqueue_waiting(self, draft: Mapping[str, Any]) -> None:
        found = (draft.get("metadata") or {}).get(MetadataKey.WAITING)
        with _pausing:
            self._enqueue(draft)
            self._pause(found if isinstance(found, dict) else wait_details(None, draft["message"], None))

    def _final_run(self) -> JsonObject | None:
        """The metadata about the run in its final status."""
        return self._opening.metadata if self.parent is not None else self._opening.final_metadata

    def _enqueue(self, draft: Mapping[str, Any]) -> None:
        self._renew_lease()
        self.sender.put(draft)

    def _current_usage(self) -> dict[str, Any] | None:
        return self._token_usage

    def _renew_lease(self) -> None:
        if self._wait is not None:
            self._resume()
        self.last_status_at = self.sender.ticks()

    def _report_start(self) -> None:
        raise NotImplementedError

    def _report_end(
        self, status: str, message: str, metadata: Mapping[str, Any] | None, result: Any = None
    ) -> None:
        if self._claim_end():
            took = {}
            if self._began_at is not None:
                took["executionTimeMs"] = max(0, round((self.sender.ticks() - self._began_at) * 1000))
            self._report(status, message, metadata, run=self._final_run(), result=result, **took)
            self._close()
            self._flush_if_ending()

    def _open(self) -> None:
        """Send heartbeats while the scope is quiet."""
        self.sender.opened(self)

    def _close(self) -> None:
        """Stop the heartbeats."""
        self.sender.closed(self)

    def _flush_if_ending(self) -> None:
        """No code that flushes may run after this end."""
        if is_ending():
            self.sender.flush(0, last_chance=True)

    def _claim_end(self) -> bool:
        """Whether the caller has to report the end: True at the first call only."""
        try:
            return self._unclaimed_end.pop()
        except IndexError:
            return False

    @contextmanager
    def current(self) -> Iterator[Self]:
        """Make the scope the current one in a block, without ending it there. Begins it if it has not begun.

            with j.current():
                report_progress(0.4, "Halfway")

        For callbacks, streamed responses and dependencies of web frameworks, in any thread or task.
        """
        self._start_once()
        before = _CURRENT.get()
        _CURRENT.set(self)
        try:
            yield self
        finally:
            if self.contains(
                _CURRENT.get()
            ):  # otherwise the block ends in another context, which has its own
                _CURRENT.set(before)

    def __enter__(self) -> Self:
        self._start_once()
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
        self._leave()
        await self.end_async(error)

    @never_raises
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

    def entered_from(self, previous: Scope | None) -> None:
        """The scope is current here now in place of `previous`; without a `with` block, up to `left`."""
        self._previous.append(previous)

    def left(self) -> None:
        """See `entered_from`."""
        if self._previous:
            self._previous.pop()

    def contains(self, scope: Scope | None) -> bool:
        """Whether `scope` is this one or below it."""
        while scope is not None and scope is not self:
            scope = scope.parent
        return scope is not None

    @property
    def previous(self) -> Scope | None:
        """The current scope where this one was entered."""
        return self._previous[-1] if self._previous else None


def _with_run(draft: Mapping[str, Any], run: JsonObject | None) -> Mapping[str, Any]:
    """A draft that names the run that it belongs to."""
    if run is None:
        return draft
    given = draft.get("metadata")
    return {**draft, "metadata": run if given is None else plain_object({**given}, None, run)}


def innermost_scope() -> Scope | None:
    """The current scope, tools included."""
    return _CURRENT.get()


def enclosing_scope(job_id: str, transport: Transport | None) -> Scope | None:
    """The innermost scope of that job; None without one, or if it sends by another transport."""
    scope = _CURRENT.get()
    while scope is not None and scope.job_id != job_id:
        scope = scope.previous  # the scopes of two jobs may be within each other
    return scope if scope is not None and transport in (None, scope.sender.transport) else None


def set_current_scope(scope: Scope | None) -> Token[Scope | None]:
    """Make `scope` the current one here, for callbacks that cannot be a `with` block around the work."""
    return _CURRENT.set(scope)


def reset_current_scope(token: Token[Scope | None]) -> bool:
    """Undo `set_current_scope`; False in another thread or task, which has its own current scope."""
    try:
        _CURRENT.reset(token)
    except ValueError:
        return False
    return True
