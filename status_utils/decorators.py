"""Scopes around whole functions: an agent's, and a Lambda function's handler.

@agent_step("Geo Agent", message="Reading the address")
def locate(text): ...

@status_handler("Geo Agent")
def handler(event, context): ...        # event: {"jobId", "userId", "tenantId", "retryCount", ...}
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast

from .scope_context import current_scope
from .scopes import JobScope, job
from .sender import FLUSH_SECONDS

if TYPE_CHECKING:
    from .ports import Transport

P = ParamSpec("P")
R = TypeVar("R")

TIMEOUT_MARGIN_SECONDS: Final = 0.5
"""How long before Lambda stops a function its agents say that they ran out of time."""

Alarm = threading.Timer
"""What calls a function after some seconds; tests put their own here."""

_log = logging.getLogger(__name__)


def agent_step(
    agent_name: str, *, message: str | None = None, attempt: int | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Each call of the function, a coroutine function or not, is a run of the agent.

        >>> @agent_step("Geo Agent", message="Reading the address")
        ... def locate(text): return find_places(text)

    Outside of a scope the function runs as if it were not decorated.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def step(*args: P.args, **kwargs: P.kwargs) -> R:
            scope = current_scope()
            if scope is None:
                return function(*args, **kwargs)
            with scope.agent(agent_name, message=message, attempt=attempt):
                return function(*args, **kwargs)

        @wraps(function)
        async def async_step(*args: P.args, **kwargs: P.kwargs) -> Any:
            scope = current_scope()
            if scope is None:
                return await cast("Any", function(*args, **kwargs))
            async with scope.agent(agent_name, message=message, attempt=attempt):
                return await cast("Any", function(*args, **kwargs))

        return cast("Callable[P, R]", async_step) if iscoroutinefunction(function) else step

    return decorate


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
    were not decorated.

    What was said is on its way, or in the log, before the handler returns and before Lambda stops it; half a
    second before that its agents say that they ran out of time.
    """

    def decorate(handler: Callable[[Any, Any], R]) -> Callable[[Any, Any], R]:
        @wraps(handler)
        def handle(event: Any, context: Any) -> R:
            ids = {name: _at(event, key) for name, key in owner.items()}
            if not all(isinstance(value, str) and value for value in ids.values()):
                _log.warning("keys=<%s> | no status: the event lacks an id", ", ".join(owner.values()))
                return handler(event, context)
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
            with _told_before_timeout(opened, context), opened:
                if agent_name is None:
                    return handler(event, context)
                run = _at(event, invocation_id)
                run_id = run if isinstance(run, str) else None
                with opened.agent(agent_name, message=message, invocation_id=run_id):
                    return handler(event, context)

        return handle

    owner = {"job_id": job_id, "user_id": user_id, "tenant_id": tenant_id}
    return decorate


def _at(event: Any, key: str) -> Any:
    for name in key.split("."):
        event = event.get(name) if isinstance(event, Mapping) else None
    return event


@contextmanager
def _told_before_timeout(scope: JobScope, context: Any) -> Iterator[None]:
    """Have everything told when `context` says that the time is nearly up."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None:
        yield
        return
    seconds = max(0.0, remaining() / 1000 - TIMEOUT_MARGIN_SECONDS)
    alarm = Alarm(seconds, _out_of_time, (scope,))
    alarm.daemon = True
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


def _out_of_time(scope: JobScope) -> None:
    scope.ran_out_of_time()
    scope.sender.flush(last_chance=True)
