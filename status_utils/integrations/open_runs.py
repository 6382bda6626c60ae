"""The open runs of the agent frameworks in this process: one registry a framework, shared by its adapters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache
from threading import RLock
from typing import Any, Final

from statusbeam.model.bounded import Bounded

from ..scopes.job import AgentScope, JobScope, ToolScope
from ..scopes.scope import Scope
from ..transports.process_local import ProcessLocal

OPEN_RUNS: Final = 10_000
"""The most open runs. The registry drops older ones: their frameworks lost them."""

PAUSED_RUNS: Final = 1_000
"""Runs that wait, or failed and may be tried again."""


@dataclass(slots=True)
class Agent:
    """One run of an agent."""

    scope: AgentScope
    previous: Scope | None  # the current scope where it started
    handled: BaseException | None  # the exception being handled where it started: not a failure of this run
    owner: object  # the adapter that reported its start
    same_as: Hashable
    wait: tuple[str, str] | None = None  # the kind of the wait, and its question


@dataclass(frozen=True, slots=True)
class Tool:
    """One call of a tool."""

    scope: ToolScope
    previous: Scope | None
    handled: BaseException | None
    owner: object


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of a model, for the tokens of the scope."""

    scope: JobScope | AgentScope
    owner: object


@dataclass(frozen=True, slots=True)
class Link:
    """A unit of the framework that is not reported; units below it belong to its parent."""

    parent: Hashable


Unit = Agent | Tool | ModelCall | Link


@dataclass(frozen=True, slots=True)
class Paused:
    """A run that waits, or one that failed."""

    agent: AgentScope
    waits: bool

    def next_agent(self, scope: JobScope | AgentScope, name: str) -> AgentScope:
        """Open the same invocation again: it continues, or begins its next attempt."""
        known = self.agent
        attempt = known.attempt if self.waits else known.attempt + 1
        agent = scope.agent(
            name,
            message=f"{name} {'goes on' if self.waits else 'tries again'}",
            attempt=attempt if attempt > 1 or scope.counts_attempts else None,
            invocation_id=known.invocation_id,
        )
        if not scope.counts_attempts:
            agent.leave_attempts_uncounted()
        if self.waits and known.token_usage:
            agent.add_tokens(known.token_usage)
        return agent


class OpenRuns:
    """The registry of one framework. Safe for threads."""

    def __init__(self) -> None:
        self._units: OrderedDict[Hashable, Unit] = OrderedDict()
        self._paused: Bounded[Hashable, list[Paused]] = Bounded(PAUSED_RUNS)
        self._lock = ProcessLocal(RLock)  # the thread that held it is not in a forked process

    def add(self, key: Hashable, unit: Unit) -> None:
        """The unit began."""
        with self._lock.get():
            self._units[key] = unit
            given_up = self._units.popitem(last=False)[1] if len(self._units) > OPEN_RUNS else None
        if isinstance(given_up, Agent | Tool):
            given_up.scope.end(GeneratorExit())

    def get(self, key: Hashable) -> Unit | None:
        """The open unit of that key."""
        with self._lock.get():
            return self._units.get(key)

    def take(self, key: Hashable) -> Unit | None:
        """The unit of that key, which is open no longer."""
        with self._lock.get():
            return self._units.pop(key, None)

    def take_tools(self, agent: AgentScope) -> list[Tool]:
        """The open tools of the agent, which are open no longer."""
        with self._lock.get():
            found = {
                key: unit
                for key, unit in self._units.items()
                if isinstance(unit, Tool) and unit.scope.agent is agent
            }
            for key in found:
                del self._units[key]
            return list(found.values())

    def agent_of(self, key: Hashable) -> Agent | None:
        """The run of the agent that the unit belongs to."""
        with self._lock.get():
            for _ in range(len(self._units)):  # bounded: a framework's ids may form a circle
                unit = self._units.get(key)
                if not isinstance(unit, Link):
                    break
                key = unit.parent
            unit = self._units.get(key)
            return self._run_of(unit.scope.agent) if isinstance(unit, Tool) else _as_agent(unit)

    def _run_of(self, agent: AgentScope) -> Agent | None:
        runs = (unit for unit in self._units.values() if isinstance(unit, Agent) and unit.scope is agent)
        return next(runs, None)

    def pause(self, key: Hashable, paused: Paused) -> None:
        """Remember a run that may go on."""
        with self._lock.get():
            self._paused.setdefault(key, []).append(paused)

    def take_paused(self, key: Hashable) -> Paused | None:
        """The run of that key that may go on; the last of several."""
        with self._lock.get():
            runs = self._paused.get(key, [])
            paused = runs.pop() if runs else None
            if not runs:
                self._paused.pop(key, None)
            return paused


def _as_agent(unit: Any) -> Agent | None:
    return unit if isinstance(unit, Agent) else None


@cache
def open_runs(framework: str) -> OpenRuns:  # noqa: ARG001 - the cache's key
    """The registry of that framework, one a process."""
    return OpenRuns()
