"""The report as a document, which programs read and the command prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .examination import Report
from .facts import ProbeFacts
from .measures import PRODUCED_TO_RECEIVED, percentile


def document_of(deployment: str, report: Report) -> dict[str, Any]:
    """The report on a deployment of this name. `finding` is None if nothing is wrong."""
    facts, finding = report.facts, report.finding
    reader = facts.reader
    clock = facts.clock_ahead if facts.clock_ahead is not None else facts.api_clock_ahead
    return {
        "deployment": deployment,
        "user": reader.user if reader else None,
        "tenant": reader.tenant if reader else None,
        "credentials": reader.how if reader else None,
        "clockAheadSeconds": None if clock is None else round(clock, 1) + 0.0,
        "probe": facts.probe and _probe(facts.probe),
        "finding": finding and {"code": finding.code, "problem": finding.problem, "cure": finding.cure},
    }


def verdict_line(document: Mapping[str, Any]) -> str:
    """The document in one line: what is wrong and its cure, or `ok` and the latency."""
    finding, probe = document["finding"], document["probe"]
    if finding:
        return f"{finding['code']}: {finding['problem']} {finding['cure']}"
    latency = probe["milliseconds"][PRODUCED_TO_RECEIVED]
    return (
        f"ok: {probe['received']} of {probe['sent']} statuses received, "
        f"produced → received p50 {latency['p50']:.1f} ms, p99 {latency['p99']:.1f} ms"
    )


def _probe(probe: ProbeFacts) -> dict[str, Any]:
    return {
        "jobId": probe.job_id,
        "transport": probe.transport,
        **({} if probe.measures is None else _measures(asdict(probe.measures))),
    }


def _measures(measures: dict[str, Any]) -> dict[str, Any]:
    latencies = measures.pop("latencies")
    milliseconds = {
        stretch: {"p50": round(percentile(values, 0.5), 1), "p99": round(percentile(values, 0.99), 1)}
        for stretch, values in latencies.items()
    }
    return {**measures, "milliseconds": milliseconds}
