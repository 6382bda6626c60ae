"""Calling agents by name, with every call reported: begun, ended, failed, or out of time.

    >>> handoffs = AgentHandoffManager("ana", "city")
    >>> handoffs.register("Geo Agent", find_place)          # a function of the context, plain or async
    >>> await handoffs.call_agent("Geo Agent", {"text": "..."}, timeout=30, session_id="job-1")
    {'street': 'Elm Street'}

What the agent raises reaches the caller as it is; a call that takes too long raises TimeoutError. Reporting
itself never raises. Each call is a scope: what the agent reports is its own, a quiet one gives signs of life,
and agents that it calls are below it.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import json
import threading
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from statusbeam.model.clock import Clock
from statusbeam.model.errors import UnknownAgentError

from ..sending.truncate import id_text
from .context_functions import current_scope
from .failures import failure_of
from .job import AgentScope, JobScope, job
from .scope import enclosing

if TYPE_CHECKING:
    from ..transports.transport import Transport

    Agent = Callable[[Any], Any] | Callable[[Any], Awaitable[Any]]

SUMMARY_LENGTH: Final = 200
"""Characters of a result that everybody who follows the job may read."""


class HandoffOutcome(StrEnum):
    """How a call ended."""

    SUCCESS = "success"  # the agent returned
    ERROR = "error"  # it raised
    TIMEOUT = "timeout"  # it did not return in time
    CANCELLED = "cancelled"  # whoever called gave up first


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """One call in the execution log."""

    agent_name: str
    invocation_id: str  # the same in the call's statuses
    session_id: str | None  # the job it was reported to
    outcome: HandoffOutcome
    started_at: float  # epoch seconds
    duration: float  # seconds
    summary: str  # of the result, or of what went wrong; at most 200 characters


@dataclass(slots=True)
class _Call:
    agent_name: str
    job_id: str | None
    invocation_id: str
    started_at: float
    scope: AgentScope | None = None


class AgentHandoffManager:
    """Knows agents by name, calls them, and reports each call as an invocation of its own.

    `session_id` names the job to report to; one given to a call goes before the manager's. Without any, it is
    the job in whose scope the call is made; outside of all, calls are made and kept in the log only. The log
    holds the last `log_size` calls.
    """

    def __init__(
        self,
        user_id: str,
        tenant_id: str,
        *,
        session_id: str | None = None,
        transport: Transport | None = None,
        log_size: int = 1_000,
        clock: Clock | None = None,
    ) -> None:
        self._user_id = user_id
        self._tenant_id = tenant_id
        self._session_id = session_id
        self._transport = transport
        self._clock = clock or Clock()
        self._agents: dict[str, Agent] = {}
        self._log: deque[Handoff] = deque(maxlen=log_size)

    @property
    def execution_log(self) -> tuple[Handoff, ...]:
        """The calls that ended, oldest first."""
        return tuple(self._log)

    def register(self, name: str, agent: Agent) -> None:
        """Make `agent` callable as `name`, in place of one that had the name before.

        A plain function runs in a thread of its own, so that it holds nobody up.
        """
        self._agents[name] = agent

    async def call_agent(
        self, agent_name: str, context: Any, timeout: float | None = 30, session_id: str | None = None
    ) -> Any:
        """The agent's answer to `context`, within `timeout` seconds (None: however long it takes).

        Reports `agent_invoking`, then `agent_complete` with a summary of the result, or `agent_error`. Raises
        what the agent raises, TimeoutError, and UnknownAgentError. A plain function that ran out of time runs
        on unheard: Python has no way to stop it.
        """
        agent = self._agents.get(agent_name)
        if agent is None:
            raise UnknownAgentError(agent_name)
        job_id = id_text(session_id or self._session_id) or _current_job()
        call = _Call(agent_name, job_id, f"handoff-{uuid.uuid4().hex}", self._clock.now())
        async with AsyncExitStack() as stack:
            for scope in self._scopes(call):
                await stack.enter_async_context(scope)
                if isinstance(scope, AgentScope):
                    call.scope = scope
            return await self._answer_to(call, agent, context, timeout)

    def _scopes(self, call: _Call) -> Iterator[JobScope | AgentScope]:
        """The call's, below the one that it is made in when that is of the same job."""
        if call.job_id is None:
            return
        around = enclosing(call.job_id, self._transport)
        while not isinstance(around, JobScope | AgentScope | None):
            around = around.parent
        if around is None:
            around = job(
                job_id=call.job_id,
                user_id=self._user_id,
                tenant_id=self._tenant_id,
                ends_job=False,
                transport=self._transport,
            )
            yield around
        message = f"Handing over to {call.agent_name}"
        yield around.agent(call.agent_name, message=message, invocation_id=call.invocation_id)

    async def _answer_to(self, call: _Call, agent: Agent, context: Any, timeout: float | None) -> Any:
        try:
            async with asyncio.timeout(timeout) as limit:
                result = await _answer(agent, context)
        except TimeoutError as error:
            if limit.expired():
                late = f"{call.agent_name} did not answer within {timeout:g} s"
                self._failed(call, HandoffOutcome.TIMEOUT, error, late)
            else:  # the agent's own
                self._failed(call, HandoffOutcome.ERROR, error)
            raise
        except asyncio.CancelledError as error:
            self._failed(call, HandoffOutcome.CANCELLED, error)
            raise
        except Exception as error:
            self._failed(call, HandoffOutcome.ERROR, error)
            raise
        summary = summarise(result)
        self._ended(call, HandoffOutcome.SUCCESS, summary, {"result": summary})
        return result

    def _failed(
        self, call: _Call, outcome: HandoffOutcome, error: BaseException, told: str | None = None
    ) -> None:
        text, found = failure_of(
            error, call.agent_name, {"jobId": call.job_id, "invocationId": call.invocation_id}
        )
        self._ended(call, outcome, told or cut(text), {"outcome": outcome, **found})

    def _ended(self, call: _Call, outcome: HandoffOutcome, summary: str, details: Mapping[str, Any]) -> None:
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
        if call.scope is not None:
            good = outcome is HandoffOutcome.SUCCESS
            say = call.scope.complete if good else call.scope.fail
            say(summary or call.agent_name, details)


def _current_job() -> str | None:
    scope = current_scope()
    return None if scope is None else scope.job_id


def summarise(result: Any) -> str:
    """A result in at most 200 characters: text as it is, a mapping's own `summary`, else its JSON."""
    if isinstance(result, Mapping) and isinstance(result.get("summary"), str):
        result = result["summary"]
    if isinstance(result, str):
        return cut(result)
    try:
        return cut(json.dumps(result, ensure_ascii=False, default=lambda value: f"<{type(value).__name__}>"))
    except (TypeError, ValueError, RecursionError):  # keys that are no text, or a value inside itself
        return f"<{type(result).__name__}>"


def cut(text: str) -> str:
    """At most 200 characters, with a mark where some are missing."""
    return text if len(text) <= SUMMARY_LENGTH else f"{text[: SUMMARY_LENGTH - 1]}…"


async def _answer(agent: Agent, context: Any) -> Any:
    if inspect.iscoroutinefunction(agent) or inspect.iscoroutinefunction(type(agent).__call__):
        return await agent(context)
    result = await _in_thread(agent, context)
    return await result if inspect.isawaitable(result) else result


async def _in_thread(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run it in a thread of its own: agents that never return would use up asyncio's few, and hold up the end
    of the process."""
    loop, answer = asyncio.get_running_loop(), asyncio.Future[Any]()
    context = contextvars.copy_context()

    def run() -> None:
        try:
            tell(answer.set_result, context.run(function, *args, **kwargs))
        except StopIteration as error:  # no future takes it
            tell(answer.set_exception, RuntimeError(f"{function} raised StopIteration", error))
        except BaseException as error:  # noqa: BLE001 - it is for whoever waits
            tell(answer.set_exception, error)

    def tell(settle: Callable[[Any], None], value: Any) -> None:
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(lambda: None if answer.done() else settle(value))

    threading.Thread(target=run, name="handoff", daemon=True).start()
    return await answer
