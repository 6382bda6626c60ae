"""Decorators that put a scope around a function: an agent, or a Lambda handler.

@agent_step("Geo Agent", message="Reading the address")
def locate(text): ...

@status_handler("Geo Agent")
def handler(event, context): ...        # event: {"jobId", "userId", "tenantId", "retryCount", ...}
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction

from ..sending.own_work import warn
from ..sending.sender import FLUSH_SECONDS
from .context_functions import current_scope
from .job import job
from .plain_numbers import to_count
from .plain_texts import to_id

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Any, Final, ParamSpec, TypeVar

    from ..transports.transport import Transport
    from .job import AgentScope, JobScope

    P = ParamSpec("P")
    R = TypeVar("R")

TIMEOUT_MARGIN_SECONDS: Final = 0.5
"""How long before Lambda's time-out the open agents are reported as timed out."""

Timer = threading.Timer
"""Calls a function after some seconds; tests replace it."""


def agent_step(
    agent_name: str, *, message: str | None = None, attempt: int | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make each call of the function an invocation of the agent.

        >>> @agent_step("Geo Agent", message="Reading the address")
        ... def locate(text): return find_places(text)

    The function may be a coroutine function, a generator or an async generator. A generator's invocation
    lasts from its first value to its end. Outside of a scope the function runs as if it were not decorated.
    """
    if callable(agent_name):
        raise TypeError('agent_step takes the name of the agent: @agent_step("Geo Agent")')

    def new_agent() -> AgentScope | None:
        scope = current_scope()
        return None if scope is None else scope.agent(agent_name, message=message, attempt=attempt)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        work: Any = function
        step: Any
        if iscoroutinefunction(function):
            step = _coroutine_step(new_agent, work)
        elif isgeneratorfunction(function) or isasyncgenfunction(function):
            step = _generator_step(new_agent, work)
        else:
            step = _function_step(new_agent, work)
        decorated: Callable[P, R] = wraps(function)(step)
        return decorated

    return decorate


def _function_step(
    new_agent: Callable[[], AgentScope | None], work: Callable[..., Any]
) -> Callable[..., Any]:
    def step(*args: Any, **kwargs: Any) -> Any:
        agent = new_agent()
        if agent is None:
            return work(*args, **kwargs)
        with agent:
            return work(*args, **kwargs)

    return step


def _coroutine_step(
    new_agent: Callable[[], AgentScope | None], work: Callable[..., Any]
) -> Callable[..., Any]:
    async def step(*args: Any, **kwargs: Any) -> Any:
        agent = new_agent()
        if agent is None:
            return await work(*args, **kwargs)
        async with agent:
            return await work(*args, **kwargs)

    return step


def _generator_step(
    new_agent: Callable[[], AgentScope | None], work: Callable[..., Any]
) -> Callable[..., Any]:
    """For generators and async generators."""
    from . import generators  # noqa: PLC0415 - for generators only

    run: Any = generators.run_generator if isgeneratorfunction(work) else generators.run_async_generator

    def step(*args: Any, **kwargs: Any) -> Any:
        agent, generator = new_agent(), work(*args, **kwargs)
        return generator if agent is None else run(agent, generator)

    return step


def status_handler(
    agent_name: str | None = None,
    *,
    message: str | None = None,
    job_id: str = "jobId",
    user_id: str = "userId",
    tenant_id: str = "tenantId",
    retry_count: str = "retryCount",
    invocation_id: str = "invocationId",
    plan: Iterable[str | Mapping[str, Any]] = (),
    ends_job: bool = False,
    flush_seconds: float = FLUSH_SECONDS,
    transport: Transport | None = None,
) -> Callable[[Callable[[Any, Any], R]], Callable[[Any, Any], R]]:
    """Make each call of the Lambda handler an invocation of the agent, in the job that the event names.

        >>> @status_handler("Geo Agent", job_id="detail.jobId")
        ... def handler(event, context): ...

    `job_id`, `user_id`, `tenant_id`, `retry_count` and `invocation_id` are keys of the event; dots go deeper.
    `retry_count` counts from 0, as `$$.State.RetryCount` of Step Functions does. If the event has it, a retry
    supersedes the attempt before it. `invocation_id` is needed only if several executions run one agent in
    one job, as in a Map state. Without `agent_name` there is only the job's scope. If the event lacks an id,
    the handler runs as if it were not decorated. It may be a coroutine function, as other runtimes have them.

    With `ends_job`, the handler does the whole job, and the attempts are the job's. If the event has no retry
    count, the count of SQS's deliveries serves. Without both, each retry is a run of its own.

    Before the handler returns, its statuses are sent or logged. Half a second before Lambda's time-out, its
    open agents are reported as timed out.
    """
    if callable(agent_name):
        raise TypeError(
            'status_handler takes the name of the agent, or nothing: @status_handler("Geo Agent")'
        )

    keys = _EventKeys(job_id, user_id, tenant_id, retry_count, invocation_id)

    def scopes(event: Any, context: Any, call: ExitStack | AsyncExitStack) -> Iterator[JobScope | AgentScope]:
        ids = keys.owner(event)
        if ids is None:
            return
        opened = job(
            **ids,
            plan=plan,
            ends_job=ends_job,
            attempt=keys.attempt(event, of_job=ends_job),
            flush_seconds=flush_seconds,
            transport=transport,
        )
        call.callback(_start_timer(opened, context))
        yield opened
        if agent_name is not None:
            yield opened.agent(agent_name, message=message, invocation_id=keys.invocation(event))

    def decorate(handler: Callable[[Any, Any], R]) -> Callable[[Any, Any], R]:
        work: Any = handler

        def handle(event: Any, context: Any) -> Any:
            with ExitStack() as call:
                for scope in scopes(event, context, call):
                    call.enter_context(scope)
                return work(event, context)

        async def handle_async(event: Any, context: Any) -> Any:
            async with AsyncExitStack() as call:
                for scope in scopes(event, context, call):
                    await call.enter_async_context(scope)
                return await work(event, context)

        handled: Any = handle_async if iscoroutinefunction(handler) else handle
        decorated: Callable[[Any, Any], R] = wraps(handler)(handled)
        return decorated

    return decorate


@dataclass(frozen=True, slots=True)
class _EventKeys:
    """Where in an event the ids are: keys, with dots between those of nested objects."""

    job_id: str
    user_id: str
    tenant_id: str
    retry_count: str
    invocation_id: str

    def owner(self, event: Any) -> dict[str, str] | None:
        """The job's ids; None, with a warning, if one is missing."""
        keys = {"job_id": self.job_id, "user_id": self.user_id, "tenant_id": self.tenant_id}
        found = {name: to_id(_value_at(event, key), name) for name, key in keys.items()}
        ids = {name: value for name, value in found.items() if value}
        if len(ids) < len(keys):
            warn(__name__, "keys=<%s> | nothing is reported: the event lacks an id", ", ".join(keys.values()))
            return None
        return ids

    def attempt(self, event: Any, *, of_job: bool) -> int | None:
        """The attempt, from 1 on; None if the event has no count.

        Several messages of a queue may run one agent in one job, so SQS's count is only that of a whole job.
        """
        retries = to_count(_value_at(event, self.retry_count))
        if retries is not None:
            return retries + 1
        return _delivery_count(event) if of_job else None

    def invocation(self, event: Any) -> str | None:
        """The invocation id; None if the event has none."""
        return to_id(_value_at(event, self.invocation_id), "invocation_id")


def _value_at(event: Any, key: str) -> Any:
    for name in key.split("."):
        event = event.get(name) if isinstance(event, Mapping) else None
    return event


def _delivery_count(event: Any) -> int | None:
    """How often SQS delivered the message of the event, or the first of its messages."""
    records = event.get("Records") if isinstance(event, Mapping) else None
    record = records[0] if isinstance(records, list) and records else event
    return to_count(_value_at(record, "attributes.ApproximateReceiveCount"))


def _start_timer(scope: JobScope, context: Any) -> Callable[[], None]:
    """Time the scope out shortly before Lambda's own time-out; returns what cancels the timer."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None:
        return _do_nothing
    try:
        seconds = max(0.0, float(remaining()) / 1000 - TIMEOUT_MARGIN_SECONDS)
        timer = Timer(seconds, _time_out, (scope,))
        timer.daemon = True
        timer.start()
    except Exception as error:  # noqa: BLE001 - a test's own context, or no new thread: the handler runs anyway
        warn(
            __name__,
            "job_id=<%s> | the time-out will not be reported: %s",
            scope.job_id,
            type(error).__name__,
        )
        return _do_nothing
    return timer.cancel


def _do_nothing() -> None: ...


def _time_out(scope: JobScope) -> None:
    scope.time_out()
    scope.sender.flush(last_chance=True)
