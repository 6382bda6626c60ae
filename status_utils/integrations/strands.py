"""Reports the runs of Strands Agents.

    Agent(tools=[geo_agent.as_tool()], hooks=[StatusHooks()])
    GraphBuilder().set_hook_providers([StatusHooks()])                      # for a graph or swarm

Agents that are tools (`as_tool`) and the nodes of a graph or swarm need no hooks of their own; an agent that
a function calls does. Runs, tools, tokens and `report_progress` inside a tool are reported to the current
`job(...)`. A run that is interrupted waits.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any
from weakref import WeakSet

from strands.hooks import (
    AfterInvocationEvent,
    AfterModelCallEvent,
    AfterNodeCallEvent,
    AfterToolCallEvent,
    BeforeInvocationEvent,
    BeforeModelCallEvent,
    BeforeNodeCallEvent,
    BeforeToolCallEvent,
    HookProvider,
    HookRegistry,
)
from strands.interrupt import Interrupt

from ..scopes.job import AgentScope, JobScope
from .framework_runs import FrameworkRuns, RunFailedError
from .usage import usage_of

_INTERRUPTED = "interrupt"
"""The stop reason of a run that waits."""


class StatusHooks(HookProvider):
    """Hooks for any number of agents and graphs."""

    def __init__(self, scope: JobScope | AgentScope | None = None) -> None:
        """Top-level runs belong to `scope`; without it, to the scope that is current when they start."""
        self._runs = FrameworkRuns("strands", scope, keys_recur=True)
        self._registries: WeakSet[HookRegistry] = WeakSet()  # those with these hooks

    def register_hooks(self, registry: HookRegistry, **kwargs: Any) -> None:  # noqa: ARG002 - the protocol's
        """Called by Strands."""
        if registry in self._registries:
            return
        self._registries.add(registry)
        registry.add_callback(BeforeInvocationEvent, self._agent_begins)
        registry.add_callback(AfterInvocationEvent, self._agent_ends)
        registry.add_callback(BeforeModelCallEvent, self._model_begins)
        registry.add_callback(AfterModelCallEvent, self._model_ends)
        registry.add_callback(BeforeToolCallEvent, self._tool_begins)
        registry.add_callback(AfterToolCallEvent, self._tool_ends)
        registry.add_callback(BeforeNodeCallEvent, self._node_begins)
        registry.add_callback(AfterNodeCallEvent, self._node_ends)

    def _agent_begins(self, event: BeforeInvocationEvent) -> None:
        self._runs.agent_started(id(event.agent), event.agent.name, resumes=_interrupted_call(event.agent))

    def _agent_ends(self, event: AfterInvocationEvent) -> None:
        key = id(event.agent)
        if event.result is not None and event.result.stop_reason == _INTERRUPTED:
            wait = _wait(event.result.interrupts or ())
            self._runs.agent_waits(key, *wait, same_as=_interrupted_call(event.agent))
        # The event has no exception. A failed run has no result, but nor has one with structured output.
        self._runs.agent_ended(key, self._runs.raised(key) if event.result is None else None)

    def _model_begins(self, event: BeforeModelCallEvent) -> None:
        self._runs.model_started((id(event.agent), "model"), parent=id(event.agent))

    def _model_ends(self, event: AfterModelCallEvent) -> None:
        usage: Mapping[str, Any] = {}
        if event.stop_response is not None:
            metadata = event.stop_response.message.get("metadata") or {}
            usage = metadata.get("usage") or {}
        self._runs.model_ended(
            (id(event.agent), "model"),
            usage_of(
                input=usage.get("inputTokens"),
                output=usage.get("outputTokens"),
                cache_read=usage.get("cacheReadInputTokens"),
                cache_write=usage.get("cacheWriteInputTokens"),
                model=_model_id(event.agent),
            ),
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


def _interrupted_call(agent: Any) -> Hashable:
    """The interrupts: the run that resumes has the same ones, also in another object that loads the session.
    None for an agent that is not interrupted."""
    state = getattr(agent, "_interrupt_state", None)  # the public result has them, but not at the resumption
    if not getattr(state, "activated", False):
        return None
    return agent.name, frozenset(getattr(state, "interrupts", ()))


def _wait(interrupts: Iterable[Interrupt]) -> tuple[str, str]:
    """The kind of the wait, and its question. Texts are meant for people; other values may hold secrets."""
    found = list(interrupts)
    reasons = [interrupt.reason for interrupt in found if isinstance(interrupt.reason, str)]
    return "input", " ".join(reasons or [interrupt.name for interrupt in found])


def _model_id(agent: Any) -> str | None:
    try:
        config = agent.model.get_config()
        found = config.get("model_id") if isinstance(config, Mapping) else getattr(config, "model_id", None)
    except Exception:  # noqa: BLE001 - a model class of somebody's own
        return None
    return found if isinstance(found, str) else None
