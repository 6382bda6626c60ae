"""The runs of a framework as scopes, found again by the framework's own ids from whatever thread.

    runs = Runs()
    runs.agent_begins("run-1", "Geo Agent")                       # under the current scope
    runs.tool_begins("call-1", "location", parent="run-1")
    runs.tool_ends("call-1")
    runs.tokens("run-1", input=900, output=40)                    # of one call of the model
    runs.agent_ends("run-1")

Nothing here raises into the framework. An end without a beginning is passed over; a beginning whose parent is
not known belongs to the current scope.
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

from ..scopes.context_functions import current_scope
from ..scopes.job import AgentScope, JobScope, ToolScope
from ..scopes.scope import Scope, enter_scope, innermost

_log = logging.getLogger(__name__)

P = ParamSpec("P")


def _quietly(
    method: Callable[Concatenate[Runs, P], None],
) -> Callable[Concatenate[Runs, P], None]:
    """The promise of this module: a report never costs the framework its run."""

    @wraps(method)
    def quiet(runs: Runs, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(runs, *args, **kwargs)
        except Exception:  # noqa: BLE001 - see above
            _log.exception("callback=<%s> | status lost", method.__name__)

    return quiet


class RunFailedError(Exception):
    """What a framework says of a failure, where it doesn't give the exception itself. For the local log."""

    def __init__(self, message: str, details: Any = None) -> None:
        super().__init__(message if details is None else f"{message}: {details}")


@dataclass(slots=True)
class _Run:
    """One run of an agent, or of a tool of it."""

    agent: AgentScope
    tool: ToolScope | None
    before: Scope | None  # what was the innermost scope where it began
    handling: BaseException | None  # what was being handled where it began, and is no failure of this run

    @property
    def scope(self) -> AgentScope | ToolScope:
        return self.tool or self.agent


class Runs:
    """Every run that is under way; one instance may serve many jobs and threads at once."""

    def __init__(self, scope: JobScope | AgentScope | None = None) -> None:
        """Runs that no other run began belong to `scope`; without one, to the scope that is current then."""
        self._scope = scope
        self._runs: dict[Hashable, _Run] = {}
        self._passing: dict[Hashable, Hashable] = {}
        self._tokens: WeakKeyDictionary[AgentScope, tuple[int, int]] = WeakKeyDictionary()  # in, out
        self._lock = Lock()

    @_quietly
    def agent_begins(self, key: Hashable, name: str, *, parent: Hashable = None) -> None:
        """An agent begins; as long as it runs, its scope is the current one here."""
        above = self._above(parent)
        if above is not None:
            agent = above.agent(_fitting(name, "Agent"))
            agent.start()
            self._keep(key, agent, None)

    @_quietly
    def agent_ends(self, key: Hashable, error: BaseException | None = None) -> None:
        """It ended; badly with an `error`, whose text stays in the local log."""
        self._end(key, error)

    @_quietly
    def tool_begins(self, key: Hashable, tool_name: str, *, parent: Hashable = None) -> None:
        """An agent begins to use a tool. One that no agent uses is passed over."""
        above = self._above(parent)
        if isinstance(above, AgentScope):
            tool_name = _fitting(tool_name, "tool")
            self._keep(key, above, above.tool(tool_name, f"Calling {tool_name}"))

    @_quietly
    def tool_ends(self, key: Hashable, error: BaseException | None = None) -> None:
        """It ended; badly with an `error`, whose text stays in the local log."""
        self._end(key, error)

    @_quietly
    def tokens(self, key: Hashable, *, input: int | None, output: int | None) -> None:  # noqa: A002 - as in AgentScope.tokens
        """One call of the model by that run, an agent's or a tool's, used so many tokens: the agent's."""
        with self._lock:
            run = self._find(key)
            if run is None or not (input or output):
                return
            used_in, used_out = self._tokens.get(run.agent, (0, 0))
            used_in, used_out = used_in + (input or 0), used_out + (output or 0)
            self._tokens[run.agent] = (used_in, used_out)
            run.agent.tokens(input=used_in, output=used_out)

    @_quietly
    def passes(self, key: Hashable, parent: Hashable) -> None:
        """`key` is something of the framework's own below `parent`, and nothing to report."""
        with self._lock:
            self._passing[key] = parent

    @_quietly
    def passed(self, key: Hashable) -> None:
        """That ended."""
        with self._lock:
            self._passing.pop(key, None)

    def raised(self, key: Hashable) -> BaseException | None:
        """The exception on its way out of the run, for callbacks that come without it."""
        error = sys.exception()
        with self._lock:
            run = self._runs.get(key)
        return None if run is not None and error is run.handling else error

    def _keep(self, key: Hashable, agent: AgentScope, tool: ToolScope | None) -> None:
        run = _Run(agent, tool, innermost(), sys.exception())
        with self._lock:
            forgotten = self._runs.get(key)
            self._runs[key] = run
        if forgotten is not None:  # the framework dropped it without a word
            forgotten.scope.end(GeneratorExit())
        enter_scope(run.scope)

    def _end(self, key: Hashable, error: BaseException | None) -> None:
        with self._lock:
            run = self._runs.pop(key, None)
        if run is None:
            return
        run.scope.end(error)
        if innermost() is run.scope:  # else it ends in another context than it began in
            enter_scope(run.before)

    def _find(self, key: Hashable) -> _Run | None:
        for _ in range(len(self._passing)):  # not for ever, should a framework's ids go round in a circle
            if key not in self._passing:
                break
            key = self._passing[key]
        return self._runs.get(key)

    def _above(self, parent: Hashable) -> JobScope | AgentScope | None:
        with self._lock:
            run = None if parent is None else self._find(parent)
        if run is not None:
            return run.agent
        current = current_scope()
        return current if self._scope is None or self._scope.is_around(current) else self._scope


def _fitting(name: str, otherwise: str) -> str:
    """The name made to fit a status: frameworks make up long ones."""
    shown = "".join(character if character.isprintable() else " " for character in str(name))
    return shown.strip()[:NAME_LENGTH] or otherwise
