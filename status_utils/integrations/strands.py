"""Reports the runs of Strands Agents.

    Agent(tools=[geo_agent.as_tool()], hooks=[StatusHooks()])
    GraphBuilder().set_hook_providers([StatusHooks()])                      # for a graph or swarm

Agents that are tools (`as_tool`) and the nodes of a graph or swarm need no hooks of their own; an agent that
a function calls does. Runs, tools, tokens and `report_progress` inside a tool are reported to the current
`job(...)`.
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
from .framework_runs import FrameworkRuns, RunFailedError

_HOOKED: WeakSet[HookRegistry] = WeakSet()
"""The registries with a StatusHooks: a second one would report everything twice."""


class StatusHooks(HookProvider):
    """Hooks for any number of agents and graphs."""

    def __init__(self, scope: JobScope | AgentScope | None = None) -> None:
        """Top-level runs belong to `scope`; without it, to the scope that is current when they start."""
        self._runs = FrameworkRuns(scope)

    def register_hooks(self, registry: HookRegistry, **kwargs: Any) -> None:  # noqa: ARG002 - the protocol's
        """Called by Strands."""
        if registry in _HOOKED:
            return
        _HOOKED.add(registry)
        registry.add_callback(BeforeInvocationEvent, self._agent_begins)
        registry.add_callback(AfterInvocationEvent, self._agent_ends)
        registry.add_callback(AfterModelCallEvent, self._model_called)
        registry.add_callback(BeforeToolCallEvent, self._tool_begins)
        registry.add_callback(AfterToolCallEvent, self._tool_ends)
        registry.add_callback(BeforeNodeCallEvent, self._node_begins)
        registry.add_callback(AfterNodeCallEvent, self._node_ends)

    def _agent_begins(self, event: BeforeInvocationEvent) -> None:
        self._runs.agent_started(id(event.agent), event.agent.name)

    def _agent_ends(self, event: AfterInvocationEvent) -> None:
        key = id(event.agent)
        # The event has no exception. A failed run has no result, but nor has one with structured output.
        self._runs.agent_ended(key, self._runs.raised(key) if event.result is None else None)

    def _model_called(self, event: AfterModelCallEvent) -> None:
        if event.stop_response is not None:
            metadata = event.stop_response.message.get("metadata") or {}
            usage = metadata.get("usage")
            if usage is not None:
                self._runs.add_tokens(
                    id(event.agent), input=usage.get("inputTokens"), output=usage.get("outputTokens")
                )

    def _tool_begins(self, event: BeforeToolCallEvent) -> None:
        self._add_hooks(getattr(event.selected_tool, "agent", None))
        key = (id(event.agent), event.tool_use["toolUseId"])
        self._runs.tool_started(key, event.tool_use["name"], parent=id(event.agent))

    def _tool_ends(self, event: AfterToolCallEvent) -> None:
        error: BaseException | None = event.exception
        if error is None and event.result.get("status") == "error":
            error = RunFailedError("the tool answered with an error")
        self._runs.tool_ended((id(event.agent), event.tool_use["toolUseId"]), error)

    def _node_begins(self, event: BeforeNodeCallEvent) -> None:
        executor = getattr(getattr(event.source, "nodes", {}).get(event.node_id), "executor", None)
        if not self._add_hooks(executor):
            self._runs.agent_started((id(event.source), event.node_id), event.node_id)

    def _node_ends(self, event: AfterNodeCallEvent) -> None:
        key = (id(event.source), event.node_id)
        # A node whose executor has hooks was not started here, so this does nothing.
        self._runs.agent_ended(key, self._runs.raised(key))

    def _add_hooks(self, executor: object) -> bool:
        """Add these hooks to an agent, graph or swarm; returns whether it takes hooks."""
        hooks = getattr(executor, "hooks", None)
        if not isinstance(hooks, HookRegistry):
            return False
        hooks.add_hook(self)
        return True
