"""Scopes around whole functions: an agent's, and a Lambda function's handler.

@agent_step("Geo Agent", message="Reading the address")
def locate(text): ...

@status_handler("Geo Agent")
def handler(event, context): ...        # event: {"jobId", "userId", "tenantId", "retryCount", ...}
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction

from ..sending.sender import FLUSH_SECONDS
from ..sending.truncate import id_text
from .context_functions import current_scope
from .job import job

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Any, Final, ParamSpec, TypeVar

    from ..transports.transport import Transport
    from .job import AgentScope, JobScope

    P = ParamSpec("P")
    R = TypeVar("R")

TIMEOUT_MARGIN_SECONDS: Final = 0.5
"""How long before Lambda stops a function its agents say that they ran out of time."""

Alarm = threading.Timer
"""What calls a function after some seconds; tests put their own here."""


def agent_step(
    agent_name: str, *, message: str | None = None, attempt: int | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Each call of the function is a run of the agent; of a generator, from its first value to its end.

        >>> @agent_step("Geo Agent", message="Reading the address")
        ... def locate(text): return find_places(text)

    The function may be a coroutine function, a generator or an async one. Outside of a scope it runs as if it
    were not decorated.
    """
    if callable(agent_name):
        raise TypeError('agent_step takes the name of the agent: @agent_step("Geo Agent")')

    def run() -> AgentScope | None:
        scope = current_scope()
        return None if scope is None else scope.agent(agent_name, message=message, attempt=attempt)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        work: Any = function
        step: Any
        if iscoroutinefunction(function):
            step = _coroutine(run, work)
        elif isgeneratorfunction(function) or isasyncgenfunction(function):
            step = _generator(run, work)
        else:
            step = _call(run, work)
        decorated: Callable[P, R] = wraps(function)(step)
        return decorated

    return decorate


def _call(run: Callable[[], AgentScope | None], work: Callable[..., Any]) -> Callable[..., Any]:
    def step(*args: Any, **kwargs: Any) -> Any:
        agent = run()
        if agent is None:
            return work(*args, **kwargs)
        with agent:
            return work(*args, **kwargs)

    return step


def _coroutine(run: Callable[[], AgentScope | None], work: Callable[..., Any]) -> Callable[..., Any]:
    async def step(*args: Any, **kwargs: Any) -> Any:
        agent = run()
        if agent is None:
            return await work(*args, **kwargs)
        async with agent:
            return await work(*args, **kwargs)

    return step


def _generator(run: Callable[[], AgentScope | None], work: Callable[..., Any]) -> Callable[..., Any]:
    """For both kinds."""
    from . import generators  # noqa: PLC0415 - for generators only

    in_steps: Any = generators.in_steps if isgeneratorfunction(work) else generators.in_async_steps

    def step(*args: Any, **kwargs: Any) -> Any:
        agent, steps = run(), work(*args, **kwargs)
        return steps if agent is None else in_steps(agent, steps)

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
    """Each call of the Lambda handler is a run of the agent, in the job that its event names.

        >>> @status_handler("Geo Agent", job_id="detail.jobId")
        ... def handler(event, context): ...

    The keys say where in the event things are; dots go deeper. `retry_count` counts from 0, as
    `$$.State.RetryCount` of Step Functions does: put that into the event, and a retry supersedes the attempt
    before it. `invocation_id` is needed only where several executions run one agent in one job, as in a Map
    state. Without a name there is only the job's scope. An event without the ids is handled as if the handler
    were not decorated. The handler may be a coroutine function, as other runtimes than Lambda have them.

    What was said is on its way, or in the log, before the handler returns and before Lambda stops it; half a
    second before that its agents say that they ran out of time.
    """

    if callable(agent_name):
        raise TypeError(
            'status_handler takes the name of the agent, or nothing: @status_handler("Geo Agent")'
        )

    def scopes(event: Any, context: Any, call: ExitStack | AsyncExitStack) -> Iterator[JobScope | AgentScope]:
        ids = {name: id_text(_at(event, key)) for name, key in owner.items()}
        if not all(isinstance(value, str) and value for value in ids.values()):
            _warn("keys=<%s> | no status: the event lacks an id", ", ".join(owner.values()))
            return
        retries = _at(event, retry_count)
        attempt = retries + 1 if isinstance(retries, int) else None
        opened = job(
            **ids,
            plan=plan,
            ends_job=ends_job,
            attempt=attempt,
            flush_seconds=flush_seconds,
            transport=transport,
        )
        call.callback(_alarm(opened, context))
        yield opened
        if agent_name is not None:
            run = id_text(_at(event, invocation_id))
            run_id = run if isinstance(run, str) else None
            yield opened.agent(agent_name, message=message, invocation_id=run_id)

    def decorate(handler: Callable[[Any, Any], R]) -> Callable[[Any, Any], R]:
        work: Any = handler

        def handle(event: Any, context: Any) -> Any:
            with ExitStack() as call:
                for scope in scopes(event, context, call):
                    call.enter_context(scope)
                return work(event, context)

        async def handle_soon(event: Any, context: Any) -> Any:
            async with AsyncExitStack() as call:
                for scope in scopes(event, context, call):
                    await call.enter_async_context(scope)
                return await work(event, context)

        handled: Any = handle_soon if iscoroutinefunction(handler) else handle
        decorated: Callable[[Any, Any], R] = wraps(handler)(handled)
        return decorated

    owner = {"job_id": job_id, "user_id": user_id, "tenant_id": tenant_id}
    return decorate


def _at(event: Any, key: str) -> Any:
    for name in key.split("."):
        event = event.get(name) if isinstance(event, Mapping) else None
    return event


def _alarm(scope: JobScope, context: Any) -> Callable[[], None]:
    """Have everything told when `context` says that the time is nearly up; what this gives calls it off."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None:
        return _nothing
    try:
        seconds = max(0.0, float(remaining()) / 1000 - TIMEOUT_MARGIN_SECONDS)
        alarm = Alarm(seconds, _out_of_time, (scope,))
        alarm.daemon = True
        alarm.start()
    except Exception as error:  # noqa: BLE001 - a context of somebody's test, or no new thread: the work goes on
        _warn("job_id=<%s> | no alarm before the time-out: %s", scope.job_id, type(error).__name__)
        return _nothing
    return alarm.cancel


def _nothing() -> None: ...


def _out_of_time(scope: JobScope) -> None:
    scope.ran_out_of_time()
    scope.sender.flush(last_chance=True)


def _warn(text: str, *values: object) -> None:
    import logging  # noqa: PLC0415 - loading it costs as much as the rest of this library

    logging.getLogger(__name__).warning(text, *values)
