"""Call agents by name, and report each call as an invocation: begun, completed, failed or timed out.

    >>> handoffs = AgentHandoffManager()
    >>> handoffs.register("Geo Agent", find_place)          # a function of the context, plain or async
    >>> await handoffs.call_agent("Geo Agent", {"text": "..."}, timeout=30, session_id="job-1")
    {'street': 'Elm Street'}

The agent's exceptions reach the caller unchanged; a call that takes too long raises TimeoutError. Each call
is a scope: statuses of the agent belong to its invocation, a quiet agent sends heartbeats, and agents that it
calls are below it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import inspect
import threading
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from statusbeam.model.bounded import Bounded
from statusbeam.model.clock import Clock
from statusbeam.model.errors import UnknownAgentError
from statusbeam.model.limits import JOBS_REMEMBERED
from statusbeam.model.validation import json_text

from ..defaults import default_owner
from .context_functions import agent_or_job, current_scope
from .failures import describe_failure, is_cancellation
from .invocations import Invocations, to_attempt
from .job import AgentScope, JobScope, job
from .plain_texts import to_id
from .plain_values import plain_object
from .returned_work import Run, is_work
from .scope import enclosing_scope

if TYPE_CHECKING:
    from ..transports.transport import Transport

    Agent = Callable[[Any], Any] | Callable[[Any], Awaitable[Any]]

SUMMARY_LENGTH: Final = 200
"""Characters of a result that readers of the job see."""


class HandoffOutcome(StrEnum):
    """How a call ended."""

    SUCCESS = "success"  # the agent returned
    ERROR = "error"  # it raised, or its caller did not read the stream to the end
    TIMEOUT = "timeout"  # it did not return in time
    CANCELLED = "cancelled"  # the caller was cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """One call in the execution log."""

    agent_name: str
    invocation_id: str  # the same in the call's statuses
    session_id: str | None  # the job that it is reported to
    outcome: HandoffOutcome
    started_at: float  # epoch seconds
    duration: float  # seconds
    summary: str  # of the result or of the failure; at most 200 characters


@dataclass(slots=True)
class _Call:
    agent_name: str
    job_id: str | None
    invocation_id: str
    started_at: float
    scope: AgentScope | None = None
    summary: str = ""  # of the result
    timeout: float | None = None  # the timeout in seconds, if the call timed out


class AgentHandoffManager:
    """Calls registered agents by name, and reports each call as an invocation of its own.

    `session_id` names the job to report to; the one of a call has precedence over the manager's. Without
    either, it is the job of the current scope. Outside of all scopes, calls are recorded in the execution log
    only. Without `user_id` and `tenant_id`, a job without an open scope belongs to STATUS_USER_ID and
    STATUS_TENANT_ID. Without those, its calls are only recorded too. The execution log holds the last
    `log_size` calls.
    """

    def __init__(
        self,
        user_id: str | None = None,
        tenant_id: str | None = None,
        *,
        session_id: str | None = None,
        transport: Transport | None = None,
        log_size: int = 1_000,
        clock: Clock | None = None,
    ) -> None:
        default_user, default_tenant = (None, None) if user_id and tenant_id else default_owner()
        self._user_id = user_id or default_user
        self._tenant_id = tenant_id or default_tenant
        self._session_id = session_id
        self._transport = transport
        self._clock = clock or Clock()
        self._agents: dict[str, Agent] = {}
        self._invocations: Bounded[str, Invocations] = Bounded(JOBS_REMEMBERED)  # by job
        self._log: deque[Handoff] = deque(maxlen=log_size)

    @property
    def execution_log(self) -> tuple[Handoff, ...]:
        """The ended calls, oldest first."""
        return tuple(self._log)

    def register(self, name: str, agent: Agent) -> None:
        """Register `agent` as `name`, instead of an agent that had the name before.

        A plain function runs in a thread of its own, so that it does not block the event loop.
        """
        self._agents[name] = agent

    async def call_agent(
        self,
        agent_name: str,
        context: Any,
        timeout: float | None = 30,
        session_id: str | None = None,
        *,
        attempt: int | None = None,
    ) -> Any:
        """The agent's result for `context`, within `timeout` seconds (None: without a limit).

        Reports `agent_invoking`, then `agent_complete` with a summary of the result, or `agent_error`. Raises
        the agent's exceptions, TimeoutError, and UnknownAgentError, which is a ValueError. After a time-out,
        a plain function runs on and its result is ignored: Python can't stop it. If the result is a stream (a
        generator or an async iterator), the call ends with the stream, which `timeout` does not limit.

        `attempt` counts the tries of the call from 1 on, also in other processes.
        """
        agent = self._agents.get(agent_name)
        if agent is None:
            raise UnknownAgentError(agent_name)
        job_id = to_id(session_id or self._session_id, "session_id") or _current_job_id()
        call = _Call(agent_name, job_id, f"handoff-{uuid.uuid4().hex}", self._clock.now())
        run = Run(self._scopes(call, attempt), on_end=lambda error: self._ended(call, error))
        run.begin()
        try:
            with run:
                result = await self._result(call, agent, context, timeout)
        except BaseException as error:
            await run.finish_async(error)
            raise
        return await run.follow_async(result)  # a stream's invocation ends with the stream

    def _scopes(self, call: _Call, attempt: int | None) -> list[JobScope | AgentScope]:
        """The scopes of a call: below the current scope, or below a new one if that is of another job."""
        if call.job_id is None:
            return []
        scopes: list[JobScope | AgentScope] = []
        parent = agent_or_job(enclosing_scope(call.job_id, self._transport))
        invocation_id: str | None = None
        if parent is None:
            if self._user_id is None or self._tenant_id is None:
                return []
            parent = job(
                job_id=call.job_id,
                user_id=self._user_id,
                tenant_id=self._tenant_id,
                ends_job=False,
                transport=self._transport,
            )
            scopes.append(parent)
            attempt = to_attempt(attempt)
            if attempt is not None:  # the new scope doesn't know of earlier calls
                invocations = self._invocations.setdefault(call.job_id, Invocations(call.job_id, None))
                invocation_id = invocations.next(call.agent_name, attempt, None).invocation_id
        message = f"Handing over to {call.agent_name}"
        call.scope = parent.agent(
            call.agent_name, message=message, attempt=attempt, invocation_id=invocation_id
        )
        call.invocation_id = call.scope.invocation_id
        return [*scopes, call.scope]

    async def _result(self, call: _Call, agent: Agent, context: Any, timeout: float | None) -> Any:
        try:
            async with asyncio.timeout(timeout) as limit:
                result = await _call_agent(agent, context)
        except TimeoutError:
            if limit.expired():  # otherwise it is the agent's own
                call.timeout = timeout
            raise
        if not is_work(result):
            call.summary = summarise(result)
        return result

    def _ended(self, call: _Call, error: BaseException | None) -> None:
        """The call ended, or the stream that it returned."""
        if error is None:
            self._log_call(call, HandoffOutcome.SUCCESS, call.summary)
            if call.scope is not None and not call.scope.is_waiting:
                details = {"result": call.summary} if call.summary else None
                call.scope.complete(call.summary or call.agent_name, details)
            return
        outcome = _outcome(call, error)
        text, found = describe_failure(
            error, call.agent_name, {"jobId": call.job_id, "invocationId": call.invocation_id}
        )
        if outcome is HandoffOutcome.TIMEOUT:
            text = f"{call.agent_name} did not answer within {call.timeout:g} s"
        self._log_call(call, outcome, truncate(text))
        if call.scope is not None:
            report_end = call.scope.cancel if outcome is HandoffOutcome.CANCELLED else call.scope.fail
            report_end(truncate(text), {"outcome": outcome, **found})

    def _log_call(self, call: _Call, outcome: HandoffOutcome, summary: str) -> None:
        self._log.append(
            Handoff(
                agent_name=call.agent_name,
                invocation_id=call.invocation_id,
                session_id=call.job_id,
                outcome=outcome,
                started_at=call.started_at,
                duration=max(0.0, self._clock.now() - call.started_at),
                summary=summary,
            )
        )


def _outcome(call: _Call, error: BaseException) -> HandoffOutcome:
    if call.timeout is not None:
        return HandoffOutcome.TIMEOUT
    return HandoffOutcome.CANCELLED if is_cancellation(error) else HandoffOutcome.ERROR


def _current_job_id() -> str | None:
    scope = current_scope()
    return None if scope is None else scope.job_id


def summarise(result: Any) -> str:
    """A result in at most 200 characters: a text, the `summary` of a mapping, else the result's JSON."""
    if isinstance(result, str):
        return truncate(result)
    plain = plain_object({"result": result})["result"]
    if isinstance(plain, dict) and isinstance(plain.get("summary"), str):
        plain = plain["summary"]
    return truncate(plain if isinstance(plain, str) else json_text(plain))


def truncate(text: str) -> str:
    """At most 200 characters, with a mark where some are missing."""
    return text if len(text) <= SUMMARY_LENGTH else f"{text[: SUMMARY_LENGTH - 1]}…"


async def _call_agent(agent: Agent, context: Any) -> Any:
    if inspect.iscoroutinefunction(agent) or inspect.iscoroutinefunction(type(agent).__call__):
        return await agent(context)
    result = await _in_thread(agent, context)
    if isinstance(result, concurrent.futures.Future):
        return await asyncio.wrap_future(result)
    return await result if inspect.isawaitable(result) else result


async def _in_thread(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run in a thread of its own: agents that never return would exhaust asyncio's executor, and block the
    end of the process."""
    loop, result = asyncio.get_running_loop(), asyncio.Future[Any]()
    context = contextvars.copy_context()

    def run() -> None:
        try:
            settle(result.set_result, context.run(function, *args, **kwargs))
        except StopIteration as error:  # a future does not take it
            settle(result.set_exception, RuntimeError(f"{function} raised StopIteration", error))
        except BaseException as error:  # noqa: BLE001 - the awaiting caller gets it
            settle(result.set_exception, error)

    def settle(set_outcome: Callable[[Any], None], value: Any) -> None:
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(lambda: None if result.done() else set_outcome(value))

    threading.Thread(target=run, name="handoff", daemon=True).start()
    return await result
