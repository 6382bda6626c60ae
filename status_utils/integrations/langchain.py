"""Reports the runs of LangChain agents and LangGraph graphs.

    agent.invoke(question, config={"callbacks": [StatusCallbacks()]})

These runs are agents: the outermost run; every agent made by `create_agent(name=...)` below it; nodes and
other runs whose names are in `StatusCallbacks(agents=[...])`. Their tools, tokens and `report_progress`
inside a tool are reported to the current `job(...)`. A run that is interrupted waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.outputs import LLMResult

from ..scopes.job import AgentScope, JobScope
from .framework_runs import FrameworkRuns, RunFailedError
from .langgraph_tasks import LangGraphTasks
from .usage import summed_usage, usage_of

if TYPE_CHECKING:
    from langgraph.callbacks import GraphInterruptEvent

    GraphCallbackHandler = BaseCallbackHandler
else:
    try:
        from langgraph.callbacks import GraphCallbackHandler  # only its subclasses get `on_interrupt`
    except ImportError:  # LangChain without LangGraph
        GraphCallbackHandler = BaseCallbackHandler

_RETRY_TAG = "retry:attempt:"


class StatusCallbacks(GraphCallbackHandler):
    """Callbacks for any number of runs, plain and async."""

    run_inline = True  # in the thread of the work, so that code below finds its scope

    def __init__(self, scope: JobScope | AgentScope | None = None, *, agents: Iterable[str] = ()) -> None:
        """Top-level runs belong to `scope`; without it, to the scope that is current when they start.

        `agents` names nodes, graphs or chains that are agents, but were not made by `create_agent`.
        """
        self._runs = FrameworkRuns("langchain", scope)
        self._agents = frozenset(agents)
        self._tasks = LangGraphTasks()

    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Called by LangChain."""
        if self._runs.knows(run_id):
            return
        name = str(kwargs.get("name") or (serialized or {}).get("name") or "Agent")
        metadata = metadata or {}
        self._tasks.chain_started(name, metadata)
        if parent_run_id is not None and name not in self._agents and metadata.get("lc_agent_name") != name:
            self._runs.unreported_started(run_id, parent_run_id)
            return
        call, repeats = self._tasks.call_of(name, metadata), parent_run_id is not None
        if any(tag.startswith(_RETRY_TAG) for tag in tags or ()):  # by `with_retry`
            call = None
        elif call is None or parent_run_id is None:
            repeats = (
                inputs is None or type(inputs).__name__ == "Command"
            )  # the graph continues at the same place
        if call is None and parent_run_id is not None:
            call = (parent_run_id, name)
        self._runs.agent_started(run_id, name, parent=parent_run_id, same_as=call, repeats=repeats)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002 - the base's
        """Called by LangChain."""
        self._ends(run_id, None)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002 - the base's
        """Called by LangChain."""
        if _is_interrupt(error):
            self._runs.agent_waits(run_id, *_wait(_interrupts(error)))
        self._ends(run_id, error)

    def on_interrupt(self, event: GraphInterruptEvent) -> None:
        """Called by LangGraph, for the outermost graph."""
        self._runs.agent_waits(event.run_id, *_wait(event.interrupts))

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],  # noqa: ARG002 - the base's
        messages: list[list[Any]],  # noqa: ARG002 - the base's
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,  # noqa: ARG002 - the base's
    ) -> None:
        """Called by LangChain."""
        self._runs.model_started(run_id, parent=parent_run_id)

    def on_llm_start(
        self,
        serialized: dict[str, Any],  # noqa: ARG002 - the base's
        prompts: list[str],  # noqa: ARG002 - the base's
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,  # noqa: ARG002 - the base's
    ) -> None:
        """Called by LangChain."""
        self._runs.model_started(run_id, parent=parent_run_id)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002 - the base's
        """Called by LangChain."""
        self._runs.model_ended(run_id, _usage(response))

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002 - the base's
        """Called by LangChain."""
        self._runs.model_ended(run_id)

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
        if _is_interrupt(error):
            self._runs.tool_waits(run_id, *_wait(_interrupts(error)))
        self._runs.tool_ended(run_id, None if _is_control_flow(error) else error)

    def _ends(self, run_id: UUID, error: BaseException | None) -> None:
        self._runs.agent_ended(run_id, None if error is None or _is_control_flow(error) else error)
        self._runs.unreported_ended(run_id)


def _is_control_flow(error: BaseException) -> bool:
    """LangGraph's interrupts and hand-overs are exceptions (GraphBubbleUp), but not failures."""
    return any(kind.__name__ == "GraphBubbleUp" for kind in type(error).__mro__)


def _is_interrupt(error: BaseException) -> bool:
    return any(kind.__name__ == "GraphInterrupt" for kind in type(error).__mro__)


def _interrupts(error: BaseException) -> Iterable[Any]:
    """LangGraph's `Interrupt`s in the exception."""
    found = error.args[0] if error.args else ()
    return found if isinstance(found, list | tuple) else (found,)


def _wait(interrupts: Iterable[Any]) -> tuple[str, str]:
    """The kind of the wait, and its question. Texts are meant for people; other values may hold secrets."""
    values = [getattr(interrupt, "value", None) for interrupt in interrupts]
    for value in values:
        if isinstance(value, Mapping) and "action_requests" in value:  # LangChain's HumanInTheLoopMiddleware
            names = [str(request.get("name")) for request in value["action_requests"]]
            return "approval", f"Approve {', '.join(names)}"
    texts = [value for value in values if isinstance(value, str)]
    return "input", " ".join(texts)


def _usage(response: LLMResult) -> dict[str, Any]:
    """The tokens of one call. Every candidate of an answer carries the usage of the whole answer."""
    usages = []
    for candidates in response.generations:
        found = [usage for candidate in candidates if (usage := _usage_of_message(candidate))]
        usages.append(max(found, key=lambda usage: usage.get("outputTokens", 0), default={}))
    usage = summed_usage(usages)
    if usage:
        return usage
    output = response.llm_output or {}  # of models that complete texts
    counts = output.get("token_usage") or output.get("usage") or {}
    return usage_of(
        input=counts.get("prompt_tokens", counts.get("input_tokens")),
        output=counts.get("completion_tokens", counts.get("output_tokens")),
        model=output.get("model_name") or output.get("model"),
    )


def _usage_of_message(candidate: Any) -> dict[str, Any]:
    message = getattr(candidate, "message", None)
    usage = getattr(message, "usage_metadata", None)
    if not isinstance(usage, Mapping):
        return {}
    of_input, of_output = usage.get("input_token_details") or {}, usage.get("output_token_details") or {}
    response = getattr(message, "response_metadata", None) or {}
    return usage_of(
        input=usage.get("input_tokens"),
        output=usage.get("output_tokens"),
        cache_read=of_input.get("cache_read"),
        cache_write=of_input.get("cache_creation"),
        reasoning=of_output.get("reasoning"),
        model=response.get("model_name") or response.get("model"),
    )
