"""A job's log as a trace: OTLP/JSON, which collectors take at /v1/traces.

The job is the root span. Each agent's invocation is a span below it, or below the agent that called it. Each
status is an event of its span.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from statusbeam.log.snapshot.agent_state import AgentState
from statusbeam.log.snapshot.fold import fold, invocation_of
from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import moment_of

_INTERNAL: Final = 1  # SPAN_KIND_INTERNAL
_OK: Final = 1  # STATUS_CODE_OK
_ERROR: Final = 2  # STATUS_CODE_ERROR
_CODES: Final = {"completed": _OK, "success": _OK, "failed": _ERROR, "error": _ERROR}
_TRACE_DIGITS: Final = 32
_SPAN_DIGITS: Final = 16


def trace_of(updates: Sequence[StatusUpdate]) -> dict[str, Any]:
    """The ExportTraceServiceRequest of one job's statuses; without spans for none."""
    if not updates:
        return {"resourceSpans": []}
    job = fold(updates)
    trace_id = _digest(updates[0], _TRACE_DIGITS)
    spans = [_job_span(job, updates, trace_id), *_agent_spans(job, updates, trace_id)]
    resource = _attributes({"service.name": job.head.workflow or "statusbeam"})
    scope = {"name": "statusbeam"}
    return {
        "resourceSpans": [
            {"resource": {"attributes": resource}, "scopeSpans": [{"scope": scope, "spans": spans}]}
        ]
    }


def _job_span(job: Job, updates: Sequence[StatusUpdate], trace_id: str) -> dict[str, Any]:
    head = job.head.view()
    own = [update for update in updates if invocation_of(update) is None]
    return _span(
        trace_id=trace_id,
        span_id=_span_id(trace_id, ""),
        parent=None,
        name=head["title"] or head["workflow"] or head["jobId"],
        times=(updates[0].timestamp, head["lastUpdated"]),
        attributes={
            "statusbeam.job.id": head["jobId"],
            "statusbeam.job.status": head["overallStatus"],
            "statusbeam.job.run": head["run"],
            "enduser.id": head["userId"],
            "statusbeam.tenant.id": head["tenantId"],
            **_usage(head["totalTokenUsage"]),
        },
        events=own,
        code=_CODES.get(head["overallStatus"]),
    )


def _agent_spans(job: Job, updates: Sequence[StatusUpdate], trace_id: str) -> list[dict[str, Any]]:
    agents = [agent for agent in job.shown_agents if agent.started_ms is not None]
    known = {agent.invocation_id for agent in agents}
    return [_agent_span(job, agent, updates, trace_id, known) for agent in agents]


def _agent_span(
    job: Job, agent: AgentState, updates: Sequence[StatusUpdate], trace_id: str, known: set[str]
) -> dict[str, Any]:
    view = agent.view(job_ended=job.head.ended)
    parent = view["parentInvocationId"] if view["parentInvocationId"] in known else ""
    return _span(
        trace_id=trace_id,
        span_id=_span_id(trace_id, agent.invocation_id),
        parent=_span_id(trace_id, parent),
        name=view["name"],
        times=(view["startedAt"], view["completedAt"] or job.head.view()["lastUpdated"]),
        attributes={
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": view["name"],
            "gen_ai.agent.id": view["invocationId"],
            "statusbeam.agent.status": view["status"],
            "statusbeam.agent.attempt": view["attempt"],
            **_usage(view["tokenUsage"]),
        },
        events=[update for update in updates if invocation_of(update) == agent.invocation_id],
        code=_CODES.get(view["status"]),
    )


def _span(
    *,
    trace_id: str,
    span_id: str,
    parent: str | None,
    name: str,
    times: tuple[str, str],
    attributes: Mapping[str, Any],
    events: Iterable[StatusUpdate],
    code: int | None,
) -> dict[str, Any]:
    start, end = sorted(map(_nanoseconds, times))
    span = {
        "traceId": trace_id,
        "spanId": span_id,
        "name": name,
        "kind": _INTERNAL,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(end),
        "attributes": _attributes(attributes),
        "events": [_event(update) for update in events],
        "status": {} if code is None else {"code": code},
    }
    return span if parent is None else {**span, "parentSpanId": parent}


def _event(update: StatusUpdate) -> dict[str, Any]:
    attributes = {
        "statusbeam.sequence": update.sequence,
        "statusbeam.message": update.message,
        "gen_ai.tool.name": update.tool_name,
        "statusbeam.progress": update.progress,
    }
    return {
        "timeUnixNano": str(_nanoseconds(update.timestamp)),
        "name": update.status,
        "attributes": _attributes(attributes),
    }


def _usage(usage: Mapping[str, Any] | None) -> dict[str, Any]:
    if not usage:
        return {}
    return {
        "gen_ai.usage.input_tokens": usage["inputTokens"],
        "gen_ai.usage.output_tokens": usage["outputTokens"],
    }


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value is not None]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, int):
        return {"intValue": str(value)}  # a 64-bit number is text in JSON
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}


def _nanoseconds(timestamp: str) -> int:
    return round(moment_of(timestamp).timestamp() * 1000) * 1_000_000


def _span_id(trace_id: str, invocation_id: str) -> str:
    return hashlib.sha256(f"{trace_id}#{invocation_id}".encode()).hexdigest()[:_SPAN_DIGITS]


def _digest(first: StatusUpdate, digits: int) -> str:
    """The trace id: the same in each export of a job, another one if the job's id is used again."""
    return hashlib.sha256(f"{first.tenant_id}#{first.job_id}#{first.event_id}".encode()).hexdigest()[:digits]
