"""Decorators that put a scope around a function: an agent, or a Lambda handler.

@agent_step("Geo Agent", message="Reading the address")
def locate(text): ...

@status_handler("Geo Agent")
def handler(event, context): ...        # event: {"jobId", "userId", "tenantId", "retryCount", ...}
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from ..sending.own_work import warn
from ..sending.sender import FLUSH_SECONDS
from .context_functions import current_scope
from .event_ids import EventKeys, delivery_count, ids_by_function, ids_of_event
from .job import job
from .registered_entrypoint import replace_entrypoint
from .returned_work import Run
from .wrapped import wrap

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any, Final, ParamSpec, TypeVar

    from ..transports.transport import Transport
    from .event_ids import EventIds
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

    The function may be a coroutine function, a generator or an async generator. If it returns work to be done
    later, such as an awaitable, an async iterator or a future, the invocation lasts until that is done. A
    generator's invocation lasts from its first value to its end. Work that nobody awaits or iterates ends as
    stopped. Outside of a scope the function runs as if it were not decorated.
    """
    if callable(agent_name):
        raise TypeError('agent_step takes the name of the agent: @agent_step("Geo Agent")')

    def new_run(_args: tuple[Any, ...], _kwargs: Mapping[str, Any]) -> Run | None:
        scope = current_scope()
        return None if scope is None else Run([scope.agent(agent_name, message=message, attempt=attempt)])

    return lambda function: wrap(function, new_run)


def status_handler(
    agent_name: str | None = None,
    *,
    message: str | None = None,
    job_id: str = "jobId",
    user_id: str = "userId",
    tenant_id: str = "tenantId",
    retry_count: str = "retryCount",
    invocation_id: str = "invocationId",
    ids: Callable[..., Mapping[str, Any] | None] | None = None,
    plan: Iterable[str | Mapping[str, Any]] = (),
    ends_job: bool = False,
    flush_seconds: float = FLUSH_SECONDS,
    transport: Transport | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make each call of the handler an invocation of the agent, in the job that the event names.

        >>> @status_handler("Geo Agent", job_id="detail.jobId")
        ... def handler(event, context): ...
        >>> @status_handler("Geo Agent", job_id="Records.0.body.jobId", ...)        # of an SQS message
        >>> @status_handler("Geo Agent", ids=lambda event: {"job_id": event.order, "user_id": ...})

    `job_id`, `user_id`, `tenant_id`, `retry_count` and `invocation_id` are keys of the event; dots go deeper,
    through objects, lists (`Records.0`) and JSON texts. The event is whichever argument has the ids: a
    mapping, a dataclass or a pydantic model (also under the key in snake case). The arguments themselves may
    be the ids, too.
    `ids` gets the handler's arguments and returns the ids instead. If the event lacks an id, the handler runs
    as if it were not decorated.

    `retry_count` counts from 0, as `$$.State.RetryCount` of Step Functions does. If the event has it, a retry
    supersedes the attempt before it. `invocation_id` is needed only if several executions run one agent in
    one job, as in a Map state. Without `agent_name` there is only the job's scope.

    The handler may be of any kind, and may return work: see `agent_step`. A stream's invocation ends with the
    stream. With `ends_job`, the handler does the whole job, and the attempts are the job's. If the event has
    no retry count, the count of SQS's deliveries serves. Without both, each retry is a run of its own.

    Before the handler returns, its statuses are sent or logged. Half a second before Lambda's time-out, its
    open agents are reported as timed out.
    """
    if callable(agent_name):
        raise TypeError(
            'status_handler takes the name of the agent, or nothing: @status_handler("Geo Agent")'
        )

    keys = EventKeys(job_id, user_id, tenant_id, retry_count, invocation_id)

    def new_run(
        find: Callable[[tuple[Any, ...], Mapping[str, Any]], EventIds | None],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Run | None:
        found = find(args, kwargs)
        if found is None:
            return None
        attempt = found.attempt
        if attempt is None and ends_job:  # several messages of a queue may run one agent in one job
            attempt = delivery_count((*args, *kwargs.values()))
        opened = job(
            job_id=found.job_id,
            user_id=found.user_id,
            tenant_id=found.tenant_id,
            plan=plan,
            ends_job=ends_job,
            attempt=attempt,
            flush_seconds=flush_seconds,
            transport=transport,
        )
        scopes: list[JobScope | AgentScope] = [opened]
        if agent_name is not None:
            scopes.append(opened.agent(agent_name, message=message, invocation_id=found.invocation_id))
        return Run(scopes, on_end=_start_timer(opened, (*args, *kwargs.values())))

    def decorate(handler: Callable[P, R]) -> Callable[P, R]:
        find = (ids_of_event if ids is None else ids_by_function)(keys, handler if ids is None else ids)
        handled = wrap(handler, partial(new_run, find))
        replace_entrypoint(handler, handled)
        return handled

    return decorate


def _start_timer(scope: JobScope, arguments: Iterable[Any]) -> Callable[[object], None]:
    """Time the scope out shortly before Lambda's own time-out; returns what cancels the timer.

    One of the handler's arguments may be Lambda's context, which knows the time.
    """
    try:
        found = (getattr(argument, "get_remaining_time_in_millis", None) for argument in arguments)
        remaining: Any = next(filter(callable, found), None)
        if remaining is None:
            return _do_nothing
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
    return lambda _: timer.cancel()


def _do_nothing(_: object) -> None: ...


def _time_out(scope: JobScope) -> None:
    scope.time_out()
    scope.sender.flush(last_chance=True)
