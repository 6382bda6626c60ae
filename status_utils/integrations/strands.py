"""Strands Agents that report by themselves.

    Agent(tools=[geo_agent.as_tool()], hooks=[StatusHooks()])               # the one line
    GraphBuilder().set_hook_providers([StatusHooks()])                      # for a graph or swarm

Agents given to it as tools (`as_tool`), and the nodes of a graph or swarm, need no line of their own. An
agent that a function calls does. Runs, tools, tokens and `report_progress` inside a tool are reported to
the current `job(...)`.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from strands.hooks import (
    AfterInvocationEvent,
    AfterModelCallEvent,
    AfterNodeCallEvent,
    AfterToolCallEvent,
    BeforeInvocationEvent,
    BeforeNodeCallEvent,
    BeforeToolCallEvent,
    HookProvider,
    HookRegistry,
)

from ..scopes.job import AgentScope, JobScope
from .runs import RunFailedError, Runs

_REPORTING: WeakSet[HookRegistry] = WeakSet()
"""Who reports already: a second StatusHooks must not say everything twice."""


class StatusHooks(HookProvider):
    """Hooks for any number of agents and graphs; see this module's own text."""

    def __init__(self, scope: JobScope | AgentScope | None = None) -> None:
        """Runs belong to `scope`; without one, to the scope that is current when they begin."""
        self._runs = Runs(scope)

    def register_hooks(self, registry: HookRegistry, **kwargs: Any) -> None:  # noqa: ARG002 - the protocol's
        """Called by Strands."""
        if registry in _REPORTING:
            return
        _REPORTING.add(registry)
        registry.add_callback(BeforeInvocationEvent, self._agent_begins)
        registry.add_callback(AfterInvocationEvent, self._agent_ends)
        registry.add_callback(AfterModelCallEvent, self._model_called)
        registry.add_callback(BeforeToolCallEvent, self._tool_begins)
        registry.add_callback(AfterToolCallEvent, self._tool_ends)
        registry.add_callback(BeforeNodeCallEvent, self._node_begins)
        registry.add_callback(AfterNodeCallEvent, self._node_ends)

    def _agent_begins(self, event: BeforeInvocationEvent) -> None:
        self._runs.agent_begins(id(event.agent), event.agent.name)

    def _agent_ends(self, event: AfterInvocationEvent) -> None:
        key = id(event.agent)
        # The event itself doesn't say: one that failed has no result, nor has one for structured output.
        self._runs.agent_ends(key, self._runs.raised(key) if event.result is None else None)

    def _model_called(self, event: AfterModelCallEvent) -> None:
        if event.stop_response is not None:
            metadata = event.stop_response.message.get("metadata") or {}
            usage = metadata.get("usage")
            if usage is not None:
                self._runs.tokens(
                    id(event.agent), input=usage.get("inputTokens"), output=usage.get("outputTokens")
                )

    def _tool_begins(self, event: BeforeToolCallEvent) -> None:
        self._watch(getattr(event.selected_tool, "agent", None))
        key = (id(event.agent), event.tool_use["toolUseId"])
        self._runs.tool_begins(key, event.tool_use["name"], parent=id(event.agent))

    def _tool_ends(self, event: AfterToolCallEvent) -> None:
        error: BaseException | None = event.exception
        if error is None and event.result.get("status") == "error":
            error = RunFailedError("the tool answered with an error")
        self._runs.tool_ends((id(event.agent), event.tool_use["toolUseId"]), error)

    def _node_begins(self, event: BeforeNodeCallEvent) -> None:
        executor = getattr(getattr(event.source, "nodes", {}).get(event.node_id), "executor", None)
        if not self._watch(executor):
            self._runs.agent_begins((id(event.source), event.node_id), event.node_id)

    def _node_ends(self, event: AfterNodeCallEvent) -> None:
        key = (id(event.source), event.node_id)
        self._runs.agent_ends(
            key, self._runs.raised(key)
        )  # of nodes that report by themselves, nothing is known here

    def _watch(self, executor: object) -> bool:
        """Have an agent, graph or swarm report by itself; whether it does."""
        hooks = getattr(executor, "hooks", None)
        if not isinstance(hooks, HookRegistry):
            return False
        hooks.add_hook(self)
        return True
