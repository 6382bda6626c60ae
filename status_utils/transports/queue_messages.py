"""What a payload is on the queue: messages of one job each, within the limit of one message.

    >>> messages = messages_of({"batchId": "b1", "updates": [of_job_1, of_job_2]})
    >>> [message.group_id for message in messages] == [group_of("job-1"), group_of("job-2")]
    True

Everything in them but a missing batchId follows from the payload, so that sending it again gives the same
messages: the queue drops them within five minutes, the journal knows their batch ids after that.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from statusbeam.model.errors import TransportError
from statusbeam.model.limits import BATCH_ID_LENGTH, QUEUE_MESSAGE_BYTES
from statusbeam.model.parse import ENVELOPE_FIELDS
from statusbeam.model.validation import json_text

_NEVER_ALONE = {"\ufffe": "\\ufffe", "\uffff": "\\uffff"}
"""Characters that JSON allows and SQS refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMessage:
    """One message: `body` is a whole payload in JSON."""

    group_id: str
    deduplication_id: str
    body: str


def messages_of(payload: Mapping[str, Any], *, max_bytes: int = QUEUE_MESSAGE_BYTES) -> list[QueueMessage]:
    """The payload as messages, those of one job in its order.

    Raises TransportError for a single status above `max_bytes`.
    """
    batch_id = str(payload.get("batchId") or os.urandom(16).hex())
    parts = [
        (group, part_id, body)
        for group, entries in _by_group(payload, batch_id).items()
        for part_id, body in _bodies(entries, batch_id, _condition(payload), max_bytes)
    ]
    return [
        QueueMessage(
            group_id=group_of(group),
            # The body too: a batch id that is used for other statuses is for the publisher to reject, not for
            # the queue to swallow. A payload that is sent again has the same ids and bodies.
            deduplication_id=_hash(f"{part_id}/{number}\n{body}"),
            body=body,
        )
        for number, (group, part_id, body) in enumerate(parts)
    ]


def _by_group(payload: Mapping[str, Any], batch_id: str) -> dict[str, list[str]]:
    bare = {field: value for field, value in payload.items() if field not in ENVELOPE_FIELDS}
    entries = payload.get("updates")
    groups: dict[str, list[str]] = {}
    for index, entry in enumerate(entries if isinstance(entries, list) else [bare]):
        named = entry
        if isinstance(entry, Mapping) and entry.get("eventId") is None:
            # As the publisher would name it in the undivided payload.
            named = {**entry, "eventId": f"{batch_id}.{index}"}
        job_id = entry.get("jobId") if isinstance(entry, Mapping) else None
        group = job_id if isinstance(job_id, str) and job_id else batch_id  # the publisher says what's wrong
        groups.setdefault(group, []).append(_for_sqs(json_text(named)))
    return groups


def _condition(payload: Mapping[str, Any]) -> str:
    """What each message says again of the whole payload."""
    stated = payload.get("onlyIfOpen")
    return "" if stated is None else f'"onlyIfOpen":{_for_sqs(json_text(stated))},'


def _bodies(
    entries: Sequence[str], batch_id: str, condition: str, max_bytes: int
) -> Iterator[tuple[str, str]]:
    longest_id = _part_id(batch_id, len(entries))
    room = max_bytes - len(_body(longest_id, condition, ()).encode())
    parts = list(_cut(entries, room))
    for number, part in enumerate(parts):
        part_id = _part_id(batch_id, number) if len(parts) > 1 else batch_id
        yield part_id, _body(part_id, condition, part)


def _cut(entries: Sequence[str], room: int) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for entry in entries:
        own = len(entry.encode()) + 1  # and a comma
        if own > room:
            problem = f"a status has {own} bytes, a message of the queue has room for {room}"
            raise TransportError(problem, code="too_large", retriable=False)
        if part and size + own > room:
            yield part
            part, size = [], 0
        part.append(entry)
        size += own
    yield part


def _part_id(batch_id: str, number: int) -> str:
    # Not the payload's own id: a part under it would later be taken for the whole.
    part_id = f"{batch_id}.{number}"
    return part_id if len(part_id) <= BATCH_ID_LENGTH else _hash(part_id)


def _body(batch_id: str, condition: str, entries: Sequence[str]) -> str:
    return f'{{"batchId":{_for_sqs(json_text(batch_id))},{condition}"updates":[{",".join(entries)}]}}'


def _for_sqs(text: str) -> str:
    for character, escaped in _NEVER_ALONE.items():
        text = text.replace(character, escaped)
    return text


def group_of(job_id: str) -> str:
    """The message group of a job: its id's SHA-256, because SQS takes no spaces and no letters beyond ASCII.

    States of Step Functions make the same with `States.Hash`, so a job has one group whoever sends.
    """
    return _hash(job_id)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
