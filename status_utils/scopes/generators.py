"""Generators as runs of an agent: the agent's scope is the current one while they run, and only then.

    yield from in_steps(scope.agent("Geo Agent"), find_places(text))

Between two of its values a generator's caller is at work, in the caller's own scope; a `with` block around a
`yield` would leave the agent's scope there.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

from .scope import enter_scope, innermost

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .job import AgentScope


def in_steps(agent: AgentScope, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """What the generator gives, as one run of the agent; values, exceptions and `close` reach it."""
    place = _Place(agent)
    resume: Callable[[], Any] = steps.__next__
    agent.start()
    try:
        while True:
            with place:
                try:
                    value = resume()
                except StopIteration as done:
                    agent.end()
                    return done.value
            try:
                given = yield value
            except GeneratorExit:
                with place:
                    steps.close()
                raise
            except BaseException as error:  # noqa: BLE001 - it is handed on
                resume = _call(steps.throw, error)
            else:
                resume = _call(steps.send, given)
    except BaseException as error:
        agent.end(error)
        raise


async def in_async_steps(agent: AgentScope, steps: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, Any]:
    """`in_steps` for an async generator."""
    place = _Place(agent)
    resume: Callable[[], Any] = steps.__anext__
    agent.start()
    try:
        while True:
            with place:
                try:
                    value = await resume()
                except StopAsyncIteration:
                    agent.end()
                    return
            try:
                given = yield value
            except GeneratorExit:
                with place:
                    await steps.aclose()
                raise
            except BaseException as error:  # noqa: BLE001 - it is handed on
                resume = _call(steps.athrow, error)
            else:
                resume = _call(steps.asend, given)
    except BaseException as error:
        agent.end(error)
        raise


def _call(function: Callable[[Any], Any], value: Any) -> Callable[[], Any]:
    return lambda: function(value)


class _Place:
    """Where in the scopes a generator is: taken up when it runs on, kept when it waits."""

    def __init__(self, agent: AgentScope) -> None:
        self._inside: Any = agent
        self._outside: Any = None

    def __enter__(self) -> None:
        self._outside = innermost()
        enter_scope(self._inside)

    def __exit__(self, *_: object) -> None:
        self._inside = innermost()
        enter_scope(self._outside)
