"""A payload as SQS messages: each of one job, and within the size limit of a message.

    >>> messages = messages_of({"batchId": "b1", "updates": [of_job_1, of_job_2]})
    >>> jobs = [JobKey("city", "job-1"), JobKey("city", "job-2")]
    >>> [message.group_id for message in messages] == [group_of(job) for job in jobs]
    True

A payload with a batchId always gives the same messages, but for the time at which it is sent. If it is sent
again within five minutes, the queue drops them; later, the journal recognises their batch ids.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from statusbeam.model.errors import TransportError
from statusbeam.model.job_key import JobKey
from statusbeam.model.limits import BATCH_ID_LENGTH, QUEUE_MESSAGE_BYTES
from statusbeam.model.parse import CONDITIONS, ENVELOPE_FIELDS, SENT_AT, TRACEPARENT
from statusbeam.model.validation import json_text

_ESCAPES = {"\ufffe": "\\ufffe", "\uffff": "\\uffff"}
"""Characters that JSON allows and SQS rejects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMessage:
    """One message. Its body is a payload in JSON."""

    group_id: str
    deduplication_id: str
    body: str


def messages_of(payload: Mapping[str, Any], *, max_bytes: int = QUEUE_MESSAGE_BYTES) -> list[QueueMessage]:
    """The payload's messages; the messages of one job are in the payload's order.

    Raises TransportError for a single status above `max_bytes`.
    """
    batch_id = str(payload.get("batchId") or os.urandom(16).hex())
    condition, sent_at = "".join(_repeated(payload, name) for name in CONDITIONS), _repeated(payload, SENT_AT)
    parts = [
        (job, part_id, envelope, part)
        for job, statuses in _by_job(payload, batch_id).items()
        for envelope in (condition + sent_at + _trace_of(payload, job),)
        for part_id, part in _parts(statuses, batch_id, envelope, max_bytes)
    ]
    return [
        QueueMessage(
            group_id=group_of(job),
            # With the body: if a batch id is reused for other statuses, the publisher must see and reject it.
            # A payload that is sent again has the same ids and bodies, but for the time of sending.
            deduplication_id=_hash(f"{part_id}/{number}\n{_body(part_id, condition, part)}"),
            body=_body(part_id, envelope, part),
        )
        for number, (job, part_id, envelope, part) in enumerate(parts)
    ]


def _by_job(payload: Mapping[str, Any], batch_id: str) -> dict[JobKey, list[str]]:
    bare = {field: value for field, value in payload.items() if field not in ENVELOPE_FIELDS}
    updates = payload.get("updates")
    jobs: dict[JobKey, list[str]] = {}
    for index, status in enumerate(updates if isinstance(updates, list) else [bare]):
        identified = status
        if isinstance(status, Mapping) and status.get("eventId") is None:
            # The id that the publisher would give it in the undivided payload.
            identified = {**status, "eventId": f"{batch_id}.{index}"}
        jobs.setdefault(_job_of(status, batch_id), []).append(_for_sqs(json_text(identified)))
    return jobs


def _job_of(status: object, batch_id: str) -> JobKey:
    """The job of a status. The publisher rejects a status without one, so any group will do."""
    named = status if isinstance(status, Mapping) else {}
    tenant_id, job_id = named.get("tenantId"), named.get("jobId")
    if isinstance(tenant_id, str) and isinstance(job_id, str) and job_id:
        return JobKey(tenant_id, job_id)
    return JobKey("", batch_id)


def _trace_of(payload: Mapping[str, Any], job: JobKey) -> str:
    """The trace context for the messages of a job, as JSON text."""
    traces = payload.get(TRACEPARENT)
    of_job = {TRACEPARENT: traces.get(job.job_id)} if isinstance(traces, Mapping) else payload
    return _repeated(of_job, TRACEPARENT)


def _repeated(payload: Mapping[str, Any], field: str) -> str:
    """A field of the payload's envelope that every message repeats, as JSON text."""
    value = payload.get(field)
    return "" if value is None else f'"{field}":{_for_sqs(json_text(value))},'


def _parts(
    statuses: Sequence[str], batch_id: str, repeated: str, max_bytes: int
) -> Iterator[tuple[str, list[str]]]:
    longest_id = _part_id(batch_id, len(statuses))
    room = max_bytes - len(_body(longest_id, repeated, ()).encode())
    parts = list(_split(statuses, room))
    for number, part in enumerate(parts):
        yield _part_id(batch_id, number) if len(parts) > 1 else batch_id, part


def _split(statuses: Sequence[str], room: int) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for status in statuses:
        status_size = len(status.encode()) + 1  # and a comma
        if status_size > room:
            problem = f"a status has {status_size} bytes, a message of the queue has room for {room}"
            raise TransportError(problem, code="too_large", retriable=False)
        if part and size + status_size > room:
            yield part
            part, size = [], 0
        part.append(status)
        size += status_size
    yield part


def _part_id(batch_id: str, number: int) -> str:
    # Not the payload's own batch id: the publisher would take one part for the whole payload.
    part_id = f"{batch_id}.{number}"
    return part_id if len(part_id) <= BATCH_ID_LENGTH else _hash(part_id)


def _body(batch_id: str, repeated: str, statuses: Sequence[str]) -> str:
    return f'{{"batchId":{_for_sqs(json_text(batch_id))},{repeated}"updates":[{",".join(statuses)}]}}'


def _for_sqs(text: str) -> str:
    for character, escaped in _ESCAPES.items():
        text = text.replace(character, escaped)
    return text


def group_of(job: JobKey) -> str:
    """The message group of a job: the SHA-256 of tenant and job, because SQS takes printable ASCII only.

    Step Functions states compute the same with `$hash`, so a job has one group for all senders.
    """
    return _hash(job.text)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
