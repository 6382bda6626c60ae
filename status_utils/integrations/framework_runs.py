"""The runs of an agent framework as scopes, by the framework's own run ids, from any thread.

    runs = FrameworkRuns()
    runs.agent_started("run-1", "Geo Agent")                       # under the current scope
    runs.tool_started("call-1", "location", parent="run-1")
    runs.tool_ended("call-1")
    runs.add_tokens("run-1", input=900, output=40)                 # of one call of the model
    runs.agent_ended("run-1")

These methods never raise into the framework. An end without a start is ignored. A start with an unknown
parent belongs to the current scope.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import wraps
from threading import Lock
from typing import Any, Concatenate, ParamSpec
from weakref import WeakKeyDictionary

from statusbeam.model.limits import NAME_LENGTH
from statusbeam.model.texts import one_line

from ..scopes.context_functions import current_scope
from ..scopes.job import AgentScope, JobScope, ToolScope
from ..scopes.scope import Scope, innermost_scope, set_current_scope

_log = logging.getLogger(__name__)

P = ParamSpec("P")


def _never_raises(
    method: Callable[Concatenate[FrameworkRuns, P], None],
) -> Callable[Concatenate[FrameworkRuns, P], None]:
    """Log what goes wrong in reporting: the framework's run goes on."""

    @wraps(method)
    def guarded(runs: FrameworkRuns, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(runs, *args, **kwargs)
        except Exception:  # noqa: BLE001 - see above
            _log.exception("callback=<%s> | status lost", method.__name__)

    return guarded


class RunFailedError(Exception):
    """A failure that the framework describes without giving the exception. For the process's logs."""

    def __init__(self, message: str, details: Any = None) -> None:
        super().__init__(message if details is None else f"{message}: {details}")


@dataclass(slots=True)
class _Run:
    """One run of an agent, or of one of its tools."""

    agent: AgentScope
    tool: ToolScope | None
    previous: Scope | None  # the current scope where it started
    handled: BaseException | None  # the exception being handled where it started: not a failure of this run

    @property
    def scope(self) -> AgentScope | ToolScope:
        return self.tool or self.agent


class FrameworkRuns:
    """The open runs; one instance may serve many jobs and threads at once."""

    def __init__(self, scope: JobScope | AgentScope | None = None) -> None:
        """Top-level runs belong to `scope`; without it, to the scope that is current when they start."""
        self._scope = scope
        self._runs: dict[Hashable, _Run] = {}
        self._parents: dict[Hashable, Hashable] = {}  # of the framework's units that are not reported
        self._tokens: WeakKeyDictionary[AgentScope, tuple[int, int]] = WeakKeyDictionary()  # in, out
        self._lock = Lock()

    @_never_raises
    def agent_started(self, key: Hashable, name: str, *, parent: Hashable = None) -> None:
        """An agent started. Until it ends, its scope is the current one here."""
        scope = self._scope_of(parent)
        if scope is not None:
            agent = scope.agent(_display_name(name, "Agent"))
            agent.start()
            self._add(key, agent, None)

    @_never_raises
    def agent_ended(self, key: Hashable, error: BaseException | None = None) -> None:
        """The agent ended: completed, or failed with `error`, whose text stays in the process's logs."""
        self._end(key, error)

    @_never_raises
    def tool_started(self, key: Hashable, tool_name: str, *, parent: Hashable = None) -> None:
        """An agent uses a tool. A tool outside of all agents is not reported."""
        agent = self._scope_of(parent)
        if isinstance(agent, AgentScope):
            tool_name = _display_name(tool_name, "tool")
            self._add(key, agent, agent.tool(tool_name, f"Calling {tool_name}"))

    @_never_raises
    def tool_ended(self, key: Hashable, error: BaseException | None = None) -> None:
        """The tool ended: completed, or failed with `error`, whose text stays in the process's logs."""
        self._end(key, error)

    @_never_raises
    def add_tokens(self, key: Hashable, *, input: int | None, output: int | None) -> None:  # noqa: A002 - as in AgentScope.tokens
        """Add the tokens of one model call, made by the agent of that run or by its tool."""
        with self._lock:
            run = self._find(key)
            if run is None or not (input or output):
                return
            used_in, used_out = self._tokens.get(run.agent, (0, 0))
            used_in, used_out = used_in + (input or 0), used_out + (output or 0)
            self._tokens[run.agent] = (used_in, used_out)
            run.agent.tokens(input=used_in, output=used_out)

    @_never_raises
    def unreported_started(self, key: Hashable, parent: Hashable) -> None:
        """Something below `parent` started that is neither an agent nor a tool, such as a span or a chain."""
        with self._lock:
            self._parents[key] = parent

    @_never_raises
    def unreported_ended(self, key: Hashable) -> None:
        """That ended."""
        with self._lock:
            self._parents.pop(key, None)

    def raised(self, key: Hashable) -> BaseException | None:
        """The exception that ends the run, for callbacks that don't get it as an argument."""
        error = sys.exception()
        with self._lock:
            run = self._runs.get(key)
        return None if run is not None and error is run.handled else error

    def _add(self, key: Hashable, agent: AgentScope, tool: ToolScope | None) -> None:
        run = _Run(agent, tool, innermost_scope(), sys.exception())
        with self._lock:
            abandoned = self._runs.get(key)
            self._runs[key] = run
        if abandoned is not None:  # the framework never reported its end
            abandoned.scope.end(GeneratorExit())
        set_current_scope(run.scope)

    def _end(self, key: Hashable, error: BaseException | None) -> None:
        with self._lock:
            run = self._runs.pop(key, None)
        if run is None:
            return
        run.scope.end(error)
        if innermost_scope() is run.scope:  # else it ends in another context than it started in
            set_current_scope(run.previous)

    def _find(self, key: Hashable) -> _Run | None:
        for _ in range(len(self._parents)):  # bounded: a framework's ids may form a circle
            if key not in self._parents:
                break
            key = self._parents[key]
        return self._runs.get(key)

    def _scope_of(self, parent: Hashable) -> JobScope | AgentScope | None:
        with self._lock:
            run = None if parent is None else self._find(parent)
        if run is not None:
            return run.agent
        current = current_scope()
        return current if self._scope is None or self._scope.contains(current) else self._scope


def _display_name(name: str, default: str) -> str:
    """The name within the limits of a status: frameworks generate long ones."""
    return one_line(str(name)).strip()[:NAME_LENGTH] or default
