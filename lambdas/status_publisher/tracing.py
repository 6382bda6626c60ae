"""Shows the commits and pushes of a payload in the trace of its sender, on AWS X-Ray.

    >>> traced = Tracing(pipeline, send=XRayDaemon("169.254.79.129:2000").send, own_trace=lambda: None)
    >>> traced.publish({"traceparent": "00-…-01", "updates": [status]}, batch_id="b1", deadline=deadline)

Lambda traces the publisher's invocation, but in a trace of its own once a payload came through the queue. So
each job of a traced payload is a segment in its sender's trace. It goes to X-Ray's daemon as one datagram:
the X-Ray SDK would add a quarter of a second to a cold start. A payload without a trace costs one comparison.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from statusbeam.model.job_key import JobKey
from statusbeam.model.parse import TRACEPARENT
from statusbeam.model.replace import replace
from statusbeam.model.settings import PUBLISHER_SERVICE

if TYPE_CHECKING:
    from statusbeam.log.journal.batch import Batch
    from statusbeam.log.journal.commits import Commit
    from statusbeam.log.publishing.pipeline import Pipeline, PublishResult
    from statusbeam.log.publishing.ports import Broadcaster, Journal
    from statusbeam.log.snapshot.job_state import Job
    from statusbeam.model.update import StatusUpdate

_TRACEPARENT = re.compile("00-([0-9a-f]{8})([0-9a-f]{24})-([0-9a-f]{16})-[0-9a-f][13579bdf]")
"""https://www.w3.org/TR/trace-context/, of a trace that is recorded: the last bit is 1."""

_OWN = re.compile("Root=(1-[0-9a-f]{8}-[0-9a-f]{24});Parent=([0-9a-f]{16});Sampled=1")

_STEPS: Final = 100
"""The most steps in a segment: a datagram has room for about 300."""


class Span(NamedTuple):
    """A place in a trace, as X-Ray writes it."""

    trace_id: str
    span_id: str


def spans_of(payload: object) -> Mapping[str | None, Span]:
    """The spans in which the statuses of each job were reported. The span of None is for all other jobs."""
    given = payload.get(TRACEPARENT) if isinstance(payload, Mapping) else None
    if given is None:
        return {}
    texts = given if isinstance(given, Mapping) else {None: given}
    found = {job_id: _span(text) for job_id, text in texts.items()}
    return {job_id: span for job_id, span in found.items() if span is not None}


def _span(text: object) -> Span | None:
    match = _TRACEPARENT.fullmatch(text) if isinstance(text, str) else None
    return Span(f"1-{match[1]}-{match[2]}", match[3]) if match else None


@dataclass(frozen=True, slots=True)
class Step:
    """A commit or a push of a job, in epoch seconds."""

    name: str
    job: JobKey
    began: float
    ended: float
    failed: bool


class Tracing:
    """A pipeline that traces a payload if its sender is traced. Not thread-safe.

    `send` takes a segment to X-Ray. `own_trace` is the X-Ray header of the current invocation.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        send: Callable[[Mapping[str, Any]], None],
        own_trace: Callable[[], str | None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._plain = pipeline
        self._send = send
        self._own_trace = own_trace
        self._now = now
        self._steps: list[Step] = []
        self._traced = replace(
            pipeline,
            journal=_TimedJournal(pipeline.journal, self._step),
            broadcaster=_TimedBroadcaster(pipeline.broadcaster, self._step),
        )

    def publish(self, payload: object, **how: Any) -> PublishResult:
        """See Pipeline.publish."""
        spans = spans_of(payload)
        if not spans:
            return self._plain.publish(payload, **how)
        self._steps.clear()
        began = self._now()
        try:
            return self._traced.publish(payload, **how)
        finally:
            self._report(spans, began)

    @contextmanager
    def _step(self, name: str, job: JobKey) -> Iterator[None]:
        began, failed = self._now(), True
        try:
            yield
            failed = False
        finally:
            self._steps.append(Step(name, job, began, self._now(), failed))

    def _report(self, spans: Mapping[str | None, Span], began: float) -> None:
        jobs: dict[JobKey, list[Step]] = {}
        for step in self._steps:
            jobs.setdefault(step.job, []).append(step)
        match = _OWN.match(self._own_trace() or "")
        own = Span(match[1], match[2]) if match else None
        for job, steps in jobs.items():
            span = spans.get(job.job_id) or spans.get(None)
            if span is not None:
                self._send(_segment(span, own, job, steps, began))


def _segment(span: Span, own: Span | None, job: JobKey, steps: list[Step], began: float) -> dict[str, Any]:
    """The document of https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html"""
    segment: dict[str, Any] = {
        "name": PUBLISHER_SERVICE,
        "id": _new_id(),
        "trace_id": span.trace_id,
        "parent_id": span.span_id,
        "start_time": began,
        "end_time": max(step.ended for step in steps),
        "annotations": {"job_id": job.job_id, "tenant_id": job.tenant_id},
        "subsegments": [_subsegment(step) for step in steps[:_STEPS]],
    }
    if any(step.failed for step in steps):
        segment["fault"] = True
    if own is None:
        return segment
    if own.trace_id == span.trace_id:  # Lambda has linked the traces
        return segment | {"type": "subsegment", "parent_id": own.span_id}
    segment["annotations"]["publisher_trace_id"] = own.trace_id
    return segment


def _subsegment(step: Step) -> dict[str, Any]:
    subsegment: dict[str, Any] = {
        "name": step.name,
        "id": _new_id(),
        "start_time": step.began,
        "end_time": step.ended,
    }
    return subsegment | {"fault": True} if step.failed else subsegment


def _new_id() -> str:
    return os.urandom(8).hex()


class XRayDaemon:
    """The daemon that Lambda runs beside a traced function. It forwards segments to X-Ray."""

    _HEADER: Final = b'{"format": "json", "version": 1}\n'

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._address = (host, int(port))

    def send(self, segment: Mapping[str, Any]) -> None:
        """Send a segment. Best effort: a lost datagram leaves a gap in the trace."""
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as to_daemon:
            to_daemon.sendto(self._HEADER + json.dumps(segment).encode(), self._address)


_Steps = Callable[[str, JobKey], Any]


class _TimedJournal:
    """A Journal whose commits are steps."""

    def __init__(self, journal: Journal, step: _Steps) -> None:
        self._journal = journal
        self._step = step

    def commit(self, batch: Batch, *, deadline: float) -> Commit:
        with self._step("commit", batch.job):
            return self._journal.commit(batch, deadline=deadline)

    def keep_refused(self, batch: Batch) -> None:
        self._journal.keep_refused(batch)

    def snapshot(self, job: JobKey) -> Job | None:
        return self._journal.snapshot(job)

    def updates(self, job: JobKey, *, first: int, last: int) -> tuple[StatusUpdate, ...]:
        return self._journal.updates(job, first=first, last=last)


class _TimedBroadcaster:
    """A Broadcaster whose pushes are steps."""

    def __init__(self, broadcaster: Broadcaster, step: _Steps) -> None:
        self._broadcaster = broadcaster
        self._step = step

    def push(self, update: StatusUpdate) -> None:
        with self._step("push", JobKey(update.tenant_id, update.job_id)):
            self._broadcaster.push(update)
