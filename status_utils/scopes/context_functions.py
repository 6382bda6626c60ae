"""For code below a scope, however deep: whose work it is, and what it does, without anything passed along.

    with j.agent("Geo Agent"):
        current_scope().agent_name          # "Geo Agent", from any depth below
        report_progress(0.4, "Halfway")     # to the innermost agent or tool
        with report_tool("location"): ...   # of the innermost agent
        executor.map(in_scope(look_up), streets)

Outside of a scope nothing happens, so any function may call these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import cache, wraps

from .job import AgentScope, JobScope
from .scope import enter_scope, innermost

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Any, ParamSpec, TypeVar

    from .job import ToolScope
    from .scope import Scope

    P = ParamSpec("P")
    R = TypeVar("R")


def current_scope() -> JobScope | AgentScope | None:
    """The agent or job whose work this is; None outside of all scopes."""
    scope = innermost()
    while scope is not None and not isinstance(scope, JobScope | AgentScope):
        scope = scope.parent
    return scope


def report_progress(share: float, message: str = "") -> None:
    """Say how far the innermost agent, tool or job is, as a share from 0 to 1.

        >>> report_progress(0.4, "4 of 10 pages")

    Does nothing outside of a scope, so any function may call it.
    """
    scope = innermost()
    if scope is not None:
        # The sender's log line says what is wrong with it.
        with suppress(TypeError, ValueError, OverflowError):
            share = float(share) * 100
            if share > _SURELY_NO_SHARE:
                _warn_of_percent()
        scope.progress(share, message)


_SURELY_NO_SHARE = 200


@cache
def _warn_of_percent() -> None:
    """Once a process: whoever is wrong about it is so each time."""
    import logging  # noqa: PLC0415 - loading it costs as much as the rest of this library

    logging.getLogger(__name__).warning(
        "report_progress takes a share from 0 to 1, not a percentage: more than 1 shows as 100 %%"
    )


def report_tool(tool_name: str, reason: str = "") -> ToolScope | nullcontext[None]:
    """Say that the innermost agent uses a tool; as a `with` block, also how that ended.

        >>> with report_tool("location", reason="Find Elm Street"):
        ...     find("Elm Street")

    Does nothing outside of an agent, so any function may call it.
    """
    agent = current_scope()
    return agent.tool(tool_name, reason) if isinstance(agent, AgentScope) else nullcontext()


def in_scope(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, which may be a coroutine function, run in the scope that is the current one now, wherever.

    >>> list(executor.map(in_scope(read_page), pages))
    """
    from inspect import iscoroutinefunction  # noqa: PLC0415 - loading it costs much, and few call this

    scope = innermost()
    work: Any = function

    def run(*args: Any, **kwargs: Any) -> Any:
        with _inside(scope):
            return work(*args, **kwargs)

    async def run_soon(*args: Any, **kwargs: Any) -> Any:
        with _inside(scope):
            return await work(*args, **kwargs)

    placed: Any = run_soon if iscoroutinefunction(function) else run
    wrapped: Callable[P, R] = wraps(function)(placed)
    return wrapped


@contextmanager
def _inside(scope: Scope | None) -> Iterator[None]:
    before = innermost()
    enter_scope(scope)
    try:
        yield
    finally:
        enter_scope(before)
