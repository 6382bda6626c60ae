"""Reports the runs of the OpenAI Agents SDK.

    agents.add_trace_processor(StatusTracing())                             # once a process

It uses the SDK's tracing, because run hooks report neither agents that run as tools nor failures. So tracing
must be on: without OPENAI_AGENTS_DISABLE_TRACING, set_tracing_disabled and RunConfig(tracing_disabled=True).
To send no traces to OpenAI, replace the SDK's own processor:
`agents.set_trace_processors([StatusTracing()])`. Runs (also nested and handed-over ones), tools, tokens and
`report_progress` inside a tool are reported to the current `job(...)`.
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


class StatusTracing(TracingProcessor):
    """A trace processor for all runs of the process."""

    def __init__(self, scope: JobScope | AgentScope | None = None) -> None:
        """Top-level runs belong to `scope`; without it, to the scope that is current when they start."""
        self._runs = FrameworkRuns(scope)

    def on_span_start(self, span: Span[Any]) -> None:
        """Called by the SDK before the work begins."""
        data = span.span_data
        if isinstance(data, AgentSpanData):
            self._runs.agent_started(span.span_id, data.name, parent=span.parent_id)
        elif isinstance(data, FunctionSpanData):
            self._runs.tool_started(span.span_id, data.name, parent=span.parent_id)
        else:
            self._runs.unreported_started(span.span_id, span.parent_id)

    def on_span_end(self, span: Span[Any]) -> None:
        """Called by the SDK."""
        data = span.span_data
        if isinstance(data, AgentSpanData):
            self._runs.agent_ended(span.span_id, self._runs.raised(span.span_id) or _error(span.error))
        elif isinstance(data, FunctionSpanData):
            self._runs.tool_ended(span.span_id, self._runs.raised(span.span_id) or _error(span.error))
        else:
            if isinstance(data, GenerationSpanData | ResponseSpanData):
                tokens_in, tokens_out = _usage(data)
                self._runs.add_tokens(span.span_id, input=tokens_in, output=tokens_out)
            self._runs.unreported_ended(span.span_id)

    def on_trace_start(self, trace: Trace) -> None:
        """Called by the SDK. Traces are not reported."""

    def on_trace_end(self, trace: Trace) -> None:
        """Called by the SDK. Traces are not reported."""

    def shutdown(self) -> None:
        """Called by the SDK. The scopes flush by themselves."""

    def force_flush(self) -> None:
        """Called by the SDK. The scopes flush by themselves."""


def _error(error: SpanError | None) -> RunFailedError | None:
    return None if error is None else RunFailedError(error["message"], error["data"])


def _usage(data: GenerationSpanData | ResponseSpanData) -> tuple[int, int]:
    usage = data.usage
    if isinstance(usage, Mapping):
        return usage.get("input_tokens") or 0, usage.get("output_tokens") or 0
    response = data.response if isinstance(data, ResponseSpanData) else None
    if response is None or response.usage is None:
        return 0, 0
    return response.usage.input_tokens, response.usage.output_tokens
