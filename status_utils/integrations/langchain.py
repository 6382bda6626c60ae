"""Reports the runs of LangChain agents and LangGraph graphs.

    agent.invoke(question, config={"callbacks": [StatusCallbacks()]})

These runs are agents: the outermost run; every agent made by `create_agent(name=...)` below it; nodes and
other runs whose names are in `StatusCallbacks(agents=[...])`. Their tools, tokens and `report_progress`
inside a tool are reported to the current `job(...)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.outputs import LLMResult

from ..scopes.job import AgentScope, JobScope
from .framework_runs import FrameworkRuns, RunFailedError


class StatusCallbacks(BaseCallbackHandler):
    """Callbacks for any number of runs, plain and async."""

    run_inline = True  # in the thread of the work, so that code below finds its scope

    def __init__(self, scope: JobScope | AgentScope | None = None, *, agents: Iterable[str] = ()) -> None:
        """Top-level runs belong to `scope`; without it, to the scope that is current when they start.

        `agents` names nodes, graphs or chains that are agents, but were not made by `create_agent`.
        """
        self._runs = FrameworkRuns(scope)
        self._agents = frozenset(agents)

    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,  # noqa: ARG002 - the base's
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Called by LangChain."""
        name = str(kwargs.get("name") or (serialized or {}).get("name") or "Agent")
        if parent_run_id is None or name in self._agents or (metadata or {}).get("lc_agent_name") == name:
            self._runs.agent_started(run_id, name, parent=parent_run_id)
        else:
            self._runs.unreported_started(run_id, parent_run_id)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002 - the base's
        """Called by LangChain."""
        self._ends(run_id, None)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002 - the base's
        """Called by LangChain."""
        self._ends(run_id, error)

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        """Called by LangChain, which requires it."""

    def on_llm_end(
        self,
        response: LLMResult,
        *,
        run_id: UUID,  # noqa: ARG002 - the base's
        parent_run_id: UUID | None = None,
        **kwargs: Any,  # noqa: ARG002 - the base's
    ) -> None:
        """Called by LangChain."""
        tokens_in, tokens_out = _usage(response)
        self._runs.add_tokens(parent_run_id, input=tokens_in, output=tokens_out)

    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,  # noqa: ARG002 - the base's
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        """Called by LangChain."""
        name = str((serialized or {}).get("name") or kwargs.get("name") or "tool")
        self._runs.tool_started(run_id, name, parent=parent_run_id)

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002 - the base's
        """Called by LangChain."""
        failed = getattr(output, "status", None) == "error"
        self._runs.tool_ended(run_id, RunFailedError("the tool answered with an error") if failed else None)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002 - the base's
        """Called by LangChain."""
        self._runs.tool_ended(run_id, None if _is_control_flow(error) else error)

    def _ends(self, run_id: UUID, error: BaseException | None) -> None:
        self._runs.unreported_ended(run_id)
        self._runs.agent_ended(run_id, None if error is None or _is_control_flow(error) else error)


def _is_control_flow(error: BaseException) -> bool:
    """LangGraph's interrupts and hand-overs are exceptions (GraphBubbleUp), but not failures."""
    return any(kind.__name__ == "GraphBubbleUp" for kind in type(error).__mro__)


def _usage(response: LLMResult) -> tuple[int, int]:
    tokens_in = tokens_out = 0
    for generations in response.generations:
        for generation in generations:
            usage = getattr(getattr(generation, "message", None), "usage_metadata", None)
            if isinstance(usage, Mapping):
                tokens_in += usage.get("input_tokens") or 0
                tokens_out += usage.get("output_tokens") or 0
    return tokens_in, tokens_out
