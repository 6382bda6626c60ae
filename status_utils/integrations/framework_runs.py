"""The runs of an agent framework as scopes, by the framework's own run ids, from any thread.

    runs = FrameworkRuns("langchain")
    runs.agent_started("run-1", "Geo Agent")                       # under the current scope
    runs.tool_started("call-1", "location", parent="run-1")
    runs.tool_ended("call-1")
    runs.model_started("model-1", parent="run-1")
    runs.model_ended("model-1", {"inputTokens": 900, "outputTokens": 40})
    runs.agent_ended("run-1")

These methods never raise into the framework. An end without a start is ignored. A start with an unknown
parent belongs to the current scope. All adapters of one framework share its open runs, so that a run is
reported once, however often an adapter is registered.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping
from typing import Any

from statusbeam.model.limits import NAME_LENGTH
from statusbeam.model.texts import one_line

from ..scopes.context_functions import current_scope
from ..scopes.guard import never_raises
from ..scopes.job import AgentScope, JobScope
from ..scopes.scope import innermost_scope, set_current_scope
from .open_runs import Agent, Link, ModelCall, OpenRuns, Paused, Tool, open_runs


class RunFailedError(Exception):
    """A failure that the framework describes without giving the exception. For the process's logs."""

    def __init__(self, message: str, details: Any = None) -> None:
        super().__init__(message if details is None else f"{message}: {details}")


class FrameworkRuns:
    """Reports the runs of one adapter; one instance may serve many jobs and threads at once."""

    def __init__(
        self, framework: str, scope: JobScope | AgentScope | None = None, *, keys_recur: bool = False
    ) -> None:
        """Top-level runs belong to `scope`; without it, to the scope that is current when they start.

        `keys_recur`: the framework has no ids of its own, so that a second start that an adapter reports with
        a key is another run. Otherwise it is the same run, reported again.
        """
        self.fields: dict[str, Any] = {}  # for `never_raises`: an adapter belongs to no one job
        self._scope = scope
        self._keys_recur = keys_recur
        self._open: OpenRuns = open_runs(framework)

    @never_raises
    def agent_started(
        self,
        key: Hashable,
        name: str,
        *,
        parent: Hashable = None,
        same_as: Hashable = None,
        repeats: bool = True,
        resumes: Hashable = None,
        durable_id: str | None = None,
    ) -> None:
        """An agent started. Until it ends, its scope is the current one here.

        `same_as` names the call in a way that stays the same when the framework resumes it or tries it again.
        If the call of that name waited or failed, and this one `repeats` it, it is the same invocation.
        `resumes` names a call that can only have waited, as `agent_waits` named it. `durable_id` is the
        invocation's id in any process; without it, the id is random.
        """
        scope = self._scope_of(parent)
        if scope is None or self._is_reported(key):
            return
        name = _display_name(name, "Agent")
        paused = self._open.take_paused(_paused_key(scope, same_as if resumes is None else resumes))
        if paused is not None and not repeats:
            if paused.waits:  # the framework forgot about it
                paused.agent.end(GeneratorExit())
            paused = None
        if paused is not None:
            agent = paused.next_agent(scope, name)
        else:
            invocation_id = None if scope.counts_attempts else durable_id
            agent = scope.agent(name, invocation_id=invocation_id)
        agent.start()
        self._enter(key, Agent(agent, innermost_scope(), sys.exception(), self, same_as))

    @never_raises
    def agent_ended(self, key: Hashable, error: BaseException | None = None) -> None:
        """The agent ended: completed, or failed with `error`, whose text stays in the process's logs."""
        run = self._leave(key)
        if not isinstance(run, Agent):
            return
        waits = error is None and run.wait is not None
        tools = self._open.take_tools(run.scope)  # the framework never reported their ends
        if run.wait is not None and waits and not run.scope.is_waiting:
            (tools[0] if tools else run).scope.waiting(for_=run.wait[0], prompt=run.wait[1])
        for tool in () if waits else tools:
            tool.scope.end(GeneratorExit() if error is None else error)
        if error is None and not waits:
            run.scope.complete(f"{run.scope.agent_name} completed")  # a run that waited in it before
        run.scope.end(error)
        if run.same_as is not None and (waits or error is not None):
            self._open.pause(_paused_key(run.scope, run.same_as), Paused(run.scope, waits=waits))

    @never_raises
    def agent_waits(self, key: Hashable, for_: str, prompt: str = "", *, same_as: Hashable = None) -> None:
        """The agent of that run, or of the run that a unit belongs to, waits. Its end is not reported.

        `same_as` is the name that the resuming run will give, for frameworks that know it only now.
        """
        run = self._open.agent_of(key)
        if run is not None:
            run.wait = (for_, prompt)
            run.same_as = run.same_as if same_as is None else same_as

    @never_raises
    def tool_started(self, key: Hashable, tool_name: str, *, parent: Hashable = None) -> None:
        """An agent uses a tool. A tool outside of all agents is not reported."""
        agent = self._scope_of(parent)
        if isinstance(agent, AgentScope) and not self._is_reported(key):
            tool_name = _display_name(tool_name, "tool")
            tool = agent.tool(tool_name, f"Calling {tool_name}")
            self._enter(key, Tool(tool, innermost_scope(), sys.exception(), self))

    @never_raises
    def tool_ended(self, key: Hashable, error: BaseException | None = None) -> None:
        """The tool ended: completed, or failed with `error`, whose text stays in the process's logs."""
        run = self._leave(key)
        if run is not None:
            run.scope.end(error)

    @never_raises
    def tool_waits(self, key: Hashable, for_: str, prompt: str = "") -> None:
        """The tool waits, and so does its agent. It reports no end; the framework calls it again."""
        run = self._leave(key)
        if isinstance(run, Tool):
            run.scope.waiting(for_=for_, prompt=prompt)

    @never_raises
    def model_started(self, key: Hashable, *, parent: Hashable = None) -> None:
        """A model was called: by an agent, by its tool, or by code in the current scope."""
        scope = self._scope_of(parent)
        if scope is not None and not self._is_reported(key):
            self._open.add(key, ModelCall(scope, self))

    @never_raises
    def model_ended(self, key: Hashable, usage: Mapping[str, Any] | None = None) -> None:
        """The model answered, or failed; `usage` has its tokens by the keys of `metadata.tokenUsage`."""
        call = self._open.take(key)
        if isinstance(call, ModelCall) and usage:
            call.scope.add_tokens(usage)

    @never_raises
    def unreported_started(self, key: Hashable, parent: Hashable) -> None:
        """Something below `parent` started that is neither an agent nor a tool, such as a span or a chain."""
        self._open.add(key, Link(parent))

    @never_raises
    def unreported_ended(self, key: Hashable) -> None:
        """The unit that is neither an agent nor a tool ended."""
        self._open.take(key)

    def knows(self, key: Hashable) -> bool:
        """Whether this adapter, or another one of the framework, reported the unit as open."""
        return self._open.get(key) is not None

    def raised(self, key: Hashable) -> BaseException | None:
        """The exception that ends the run, for callbacks that don't get it as an argument."""
        error = sys.exception()
        run = self._open.get(key)
        return None if isinstance(run, Agent | Tool) and error is run.handled else error

    def _is_reported(self, key: Hashable) -> bool:
        """Whether the run is reported already, by this adapter or by another one of the framework."""
        known = self._open.get(key)
        if known is None or isinstance(known, Link):
            return known is not None
        if not self._keys_recur:
            return True
        if known.owner is not self and known.scope.is_open:
            return True
        if isinstance(known, Agent | Tool):  # the framework never reported its end
            self._open.take(key)
            known.scope.end(GeneratorExit())
        return False

    def _enter(self, key: Hashable, run: Agent | Tool) -> None:
        self._open.add(key, run)
        set_current_scope(run.scope)

    def _leave(self, key: Hashable) -> Agent | Tool | None:
        run = self._open.take(key)
        if not isinstance(run, Agent | Tool):
            return None
        if innermost_scope() is run.scope:  # otherwise it ends in another context than it started in
            set_current_scope(run.previous)
        return run

    def _scope_of(self, parent: Hashable) -> JobScope | AgentScope | None:
        run = None if parent is None else self._open.agent_of(parent)
        if run is not None:
            return run.scope
        current = current_scope()
        if self._scope is None or self._scope.contains(current):
            return current
        return self._scope if self._scope.is_open else None  # an adapter of an earlier job


def _paused_key(scope: JobScope | AgentScope, same_as: Hashable) -> Hashable:
    if same_as is None:
        return None
    return (scope.fields.get("tenantId"), scope.job_id, same_as)


def _display_name(name: str, default: str) -> str:
    """The name within the limits of a status: frameworks generate long ones."""
    return one_line(str(name)).strip()[:NAME_LENGTH] or default
