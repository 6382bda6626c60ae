"""Applies one status to the head of the job; the rules are in docs/reference/fold.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from statusbeam.model.limits import ID_LENGTH, REASON_LENGTH, SECONDS_MAX, TITLE_LENGTH
from statusbeam.model.metadata import IDENTITY, MetadataKey
from statusbeam.model.replace import replace
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import OverallStatus, StatusType, StatusWord

from .fold_agent import ACTIVITY_LENGTH, number_in
from .job_state import CancelRequest, Head
from .reopenings import EarlierEnd
from .runs import RunId
from .texts import cut, short_text
from .times import ms_of

_KEPT: Final = (
    *("job_id", "user_id", "tenant_id", "epoch", "sequence", "created_ms", "updated_ms", "rate"),
    *("title", *IDENTITY),
)
"""The fields of the head that a new run leaves unchanged."""

_ENDS: Final = {StatusType.COMPLETE: OverallStatus.COMPLETED, StatusType.ERROR: OverallStatus.FAILED}


def is_over(head: Head, update: StatusUpdate) -> bool:
    """Whether an opening begins a new run: the job has ended, or its lease was over by the opening's time.

    A job that waits has no lease: an opening continues its run.
    """
    return head.ended or (head.lease_ms is not None and (ms_of(update.timestamp) or 0) >= head.lease_ms)


def in_new_run(head: Head, run: RunId, update: StatusUpdate) -> Head:
    """The head after an opening that begins a new run. Only the fields that name the job stay."""
    named = {name: text for name, text in _identity_in(update.metadata or {}).items() if text}
    kept: dict[str, Any] = {name: getattr(head, name) for name in _KEPT}
    started_ms, runs = ms_of(update.timestamp), head.runs.begun(run, head.sequence)
    return Head(**{**kept, **named}, started_ms=started_ms, runs=runs)


def reopened(head: Head, attempt: int) -> Head:
    """The head of a job that has not completed, after the first status of a newer attempt."""
    head = replace(head, attempt=attempt, waiting=None, cancel_request=None, outcome=None, result=None)
    return replace(head, overall_status=OverallStatus.PROCESSING, ended_ms=None) if head.ended else head


def with_reopening(before: Head, head: Head) -> Head:
    """The head after a status, with what `before` was if the status has reopened the job."""
    retried = before.ended and head.attempt != before.attempt
    if not retried and head.runs.number == before.runs.number:
        return head
    at_ms = before.ended_ms if before.ended else before.lease_ms
    end = EarlierEnd(before.overall_status, at_ms, before.sequence, before.session_id)
    return replace(head, reopenings=before.reopenings.after(end))


def with_cancel_request(head: Head, update: StatusUpdate) -> Head:
    """The first request counts. It renews no lease: its sender does not do the job's work."""
    if head.cancel_request is not None:
        return head
    found = (update.metadata or {}).get(MetadataKey.CANCEL_REQUEST)
    asked = found if isinstance(found, Mapping) else {}
    request = CancelRequest(
        by=short_text(asked.get("by"), ID_LENGTH),
        reason=cut(asked.get("reason"), REASON_LENGTH),
        at_ms=ms_of(update.timestamp) or 0,
    )
    return replace(head, cancel_request=request)


def described(head: Head, metadata: Mapping[str, Any]) -> Head:
    """With the title, and with the job's identifiers that are not known yet."""
    named = _identity_in(metadata).items()
    first: dict[str, Any] = {name: text for name, text in named if text and getattr(head, name) is None}
    title = cut(metadata.get(MetadataKey.TITLE), TITLE_LENGTH)
    return replace(head, **first, title=title or head.title) if first or title else head


def ended_by(head: Head, update: StatusUpdate) -> Head:
    """The types `complete` and `error` end the job, from any reporter."""
    if update.type not in _ENDS or head.ended:
        return head
    cancelled = update.status == StatusWord.CANCELLED
    return replace(
        head,
        overall_status=OverallStatus.CANCELLED if cancelled else _ENDS[update.type],
        ended_ms=ms_of(update.timestamp),
        outcome=cut(update.message, ACTIVITY_LENGTH),
        result=(update.metadata or {}).get(MetadataKey.RESULT),
        waiting=None,
        lease_ms=None,
        eta=None,
    )


def _identity_in(metadata: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: short_text(metadata.get(wire), ID_LENGTH) for name, wire in IDENTITY.items()}


def eta_in(metadata: Mapping[str, Any], at_ms: int) -> tuple[int, int, int] | None:
    """`{"eta": {"p50": 8.2, "p90": 14.9}}`, the publisher's estimate in seconds, as Head.eta."""
    found = metadata.get(MetadataKey.ETA)
    if not isinstance(found, Mapping):
        return None
    p50, p90 = number_in(found, "p50", SECONDS_MAX), number_in(found, "p90", SECONDS_MAX)
    if p50 is None or p90 is None:
        return None
    p50_ms, p90_ms = int(p50 * 1000 + 0.5), int(p90 * 1000 + 0.5)
    return (p50_ms, max(p50_ms, p90_ms), at_ms)
