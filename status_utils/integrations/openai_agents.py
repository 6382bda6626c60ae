"""OpenAI Agents that report by themselves.

    agents.add_trace_processor(StatusTracing())                             # the one line, once a process

It listens to the SDK's own tracing, because run hooks know neither of agents that run as tools, nor of
failures. So tracing must be on: not with OPENAI_AGENTS_DISABLE_TRACING, set_tracing_disabled or
RunConfig(tracing_disabled=True). To send no traces to OpenAI, put it in the place of the SDK's own
processor: `agents.set_trace_processors([StatusTracing()])`. Runs, nested and handed-over ones included,
tools, tokens and `report_progress` inside a tool are reported to the current `job(...)`.
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
from .runs import RunFailedError, Runs


class StatusTracing(TracingProcessor):
    """A trace processor for all runs of the process; see this module's own text."""

    def __init__(self, scope: JobScope | AgentScope | None = None) -> None:
        """Runs belong to `scope`; without one, to the scope that is current when they begin."""
        self._runs = Runs(scope)

    def on_span_start(self, span: Span[Any]) -> None:
        """Called by the SDK, where the work is about to begin."""
        data = span.span_data
        if isinstance(data, AgentSpanData):
            self._runs.agent_begins(span.span_id, data.name, parent=span.parent_id)
        elif isinstance(data, FunctionSpanData):
            self._runs.tool_begins(span.span_id, data.name, parent=span.parent_id)
        else:
            self._runs.passes(span.span_id, span.parent_id)

    def on_span_end(self, span: Span[Any]) -> None:
        """Called by the SDK."""
        data = span.span_data
        if isinstance(data, AgentSpanData):
            self._runs.agent_ends(span.span_id, self._runs.raised(span.span_id) or _error(span.error))
        elif isinstance(data, FunctionSpanData):
            self._runs.tool_ends(span.span_id, self._runs.raised(span.span_id) or _error(span.error))
        else:
            if isinstance(data, GenerationSpanData | ResponseSpanData):
                tokens_in, tokens_out = _usage(data)
                self._runs.tokens(span.span_id, input=tokens_in, output=tokens_out)
            self._runs.passed(span.span_id)

    def on_trace_start(self, trace: Trace) -> None:
        """Called by the SDK; a trace is nothing to report."""

    def on_trace_end(self, trace: Trace) -> None:
        """Called by the SDK; a trace is nothing to report."""

    def shutdown(self) -> None:
        """Called by the SDK; the scopes send by themselves."""

    def force_flush(self) -> None:
        """Called by the SDK; the scopes send by themselves."""


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
