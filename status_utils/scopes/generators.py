"""Generators as invocations of an agent: while the generator runs, the agent's scope is the current one.

    yield from run_generator(scope.agent("Geo Agent"), find_places(text))

Between two values the generator's caller runs, in the caller's own scope. A `with` block around a `yield`
would leave the agent's scope current there.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

from .scope import innermost_scope, set_current_scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .job import AgentScope


def run_generator(agent: AgentScope, work: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """The generator's values, as one invocation; values, exceptions and `close` of the caller reach it."""
    inside = _InsideGenerator(agent)
    resume: Callable[[], Any] = work.__next__
    agent.start()
    try:
        while True:
            with inside:
                try:
                    value = resume()
                except StopIteration as done:
                    agent.end()
                    return done.value
            try:
                given = yield value
            except GeneratorExit:
                with inside:
                    work.close()
                raise
            except BaseException as error:  # noqa: BLE001 - the generator gets it
                resume = _call(work.throw, error)
            else:
                resume = _call(work.send, given)
    except BaseException as error:
        agent.end(error)
        raise


async def run_async_generator(agent: AgentScope, work: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, Any]:
    """`run_generator` for an async generator."""
    inside = _InsideGenerator(agent)
    resume: Callable[[], Any] = work.__anext__
    agent.start()
    try:
        while True:
            with inside:
                try:
                    value = await resume()
                except StopAsyncIteration:
                    agent.end()
                    return
            try:
                given = yield value
            except GeneratorExit:
                with inside:
                    await work.aclose()
                raise
            except BaseException as error:  # noqa: BLE001 - the generator gets it
                resume = _call(work.athrow, error)
            else:
                resume = _call(work.asend, given)
    except BaseException as error:
        agent.end(error)
        raise


def _call(function: Callable[[Any], Any], value: Any) -> Callable[[], Any]:
    return lambda: function(value)


class _InsideGenerator:
    """Switches to the generator's current scope while it runs, and back to its caller's."""

    def __init__(self, agent: AgentScope) -> None:
        self._inner: Any = agent
        self._outer: Any = None

    def __enter__(self) -> None:
        self._outer = innermost_scope()
        set_current_scope(self._inner)

    def __exit__(self, *_: object) -> None:
        self._inner = innermost_scope()
        set_current_scope(self._outer)
