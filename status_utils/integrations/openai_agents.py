"""Reports the runs of the OpenAI Agents SDK.

    agents.add_trace_processor(StatusTracing())                             # once a process

It uses the SDK's tracing, because run hooks report neither agents that run as tools nor failures. So tracing
must be on: without OPENAI_AGENTS_DISABLE_TRACING, set_tracing_disabled and RunConfig(tracing_disabled=True).
To send no traces to OpenAI, replace the SDK's own processor:
`agents.set_trace_processors([StatusTracing()])`. Runs (also nested and handed-over ones), tools, tokens and
`report_progress` inside a tool are reported to the current `job(...)`. A run that needs an approval waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents import (
    AgentSpanData,
    FunctionSpanData,
    GenerationSpanData,
    Span,
    SpanError,
    Trace,
    TracingProcessor,
)
from agents.tracing import ResponseSpanData

from ..scopes.job import AgentScope, JobScope
from .framework_runs import FrameworkRuns, RunFailedError
from .openai_approvals import is_tool_pending, pending_tools
from .usage import usage_of


class StatusTracing(TracingProcessor):
    """A trace processor for all runs of the process."""

    def __init__(self, scope: JobScope | AgentScope | None = None) -> None:
        """Top-level runs belong to `scope`; without it, to the scope that is current when they start."""
        self._runs = FrameworkRuns("openai-agents", scope)

    def on_span_start(self, span: Span[Any]) -> None:
        """Called by the SDK before the work begins."""
        data = span.span_data
        if isinstance(data, AgentSpanData):
            self._runs.agent_started(span.span_id, data.name, parent=span.parent_id, resumes=_call(span))
        elif isinstance(data, FunctionSpanData):
            self._runs.tool_started(span.span_id, data.name, parent=span.parent_id)
        elif isinstance(data, GenerationSpanData | ResponseSpanData):
            self._runs.model_started(span.span_id, parent=span.parent_id)
        else:
            self._runs.unreported_started(span.span_id, span.parent_id)

    def on_span_end(self, span: Span[Any]) -> None:
        """Called by the SDK."""
        key, data = span.span_id, span.span_data
        if isinstance(data, AgentSpanData):
            pending = pending_tools()
            if pending:
                self._runs.agent_waits(key, "approval", f"Approve {', '.join(pending)}", same_as=_call(span))
            self._runs.agent_ended(key, self._runs.raised(key) or _error(span.error))
        elif isinstance(data, FunctionSpanData):
            if is_tool_pending():
                self._runs.tool_waits(key, "approval", f"Approve {data.name}")
            self._runs.tool_ended(key, self._runs.raised(key) or _error(span.error))
        elif isinstance(data, GenerationSpanData | ResponseSpanData):
            self._runs.model_ended(key, _usage(data))
        else:
            self._runs.unreported_ended(key)

    def on_trace_start(self, trace: Trace) -> None:
        """Called by the SDK. Traces are not reported."""

    def on_trace_end(self, trace: Trace) -> None:
        """Called by the SDK. Traces are not reported."""

    def shutdown(self) -> None:
        """Called by the SDK. The scopes flush by themselves."""

    def force_flush(self) -> None:
        """Called by the SDK. The scopes flush by themselves."""


def _call(span: Span[Any]) -> tuple[str, str]:
    """The trace and the agent: they are the same in an interrupted run and in the one that resumes it."""
    return span.trace_id, span.span_data.name


def _error(error: SpanError | None) -> RunFailedError | None:
    return None if error is None else RunFailedError(error["message"], error["data"])


def _usage(data: GenerationSpanData | ResponseSpanData) -> dict[str, Any]:
    usage: Any = data.usage
    model = data.model if isinstance(data, GenerationSpanData) else None
    response = data.response if isinstance(data, ResponseSpanData) else None
    if response is not None:
        model = response.model
        if not isinstance(usage, Mapping):
            usage = None if response.usage is None else response.usage.model_dump()
    if not isinstance(usage, Mapping):
        return {}
    of_input, of_output = usage.get("input_tokens_details") or {}, usage.get("output_tokens_details") or {}
    return usage_of(
        input=usage.get("input_tokens"),
        output=usage.get("output_tokens"),
        cache_read=of_input.get("cached_tokens"),
        cache_write=of_input.get("cache_write_tokens"),
        reasoning=of_output.get("reasoning_tokens"),
        model=model,
    )
