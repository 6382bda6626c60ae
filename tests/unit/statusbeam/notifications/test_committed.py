"""The event of a commit is named after the status that made it."""

from __future__ import annotations

from typing import Any

import pytest

from statusbeam.log.snapshot.fold import apply
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.model.settings import JobEventType
from statusbeam.model.update import StatusUpdate
from statusbeam.notifications.committed import committed_event
from statusbeam.notifications.job_event import JobEvent
from tests.unit.samples import update
from tests.unit.statusbeam.notifications.samples import job_event

OPENING: dict[str, Any] = {"agentName": None, "status": "loading_agents", "message": "Choosing agents"}
COMPLETE: dict[str, Any] = {"agentName": None, "status": "complete", "message": "All found"}
LATE: dict[str, Any] = {"status": "agent_complete", "message": "Late"}


def log(*entries: dict[str, Any]) -> list[StatusUpdate]:
    return [update(f"event-{n}", **one).numbered(n) for n, one in enumerate(entries, 1)]


def event(before: Head | None, updates: list[StatusUpdate], kind: JobEventType) -> JobEvent:
    start = Job(head=before or Head(epoch="e1"))
    return committed_event(kind, before, apply(start, updates).head, updates)


@pytest.mark.parametrize(
    ("entries", "kind", "expected"),
    [
        ([OPENING], JobEventType.STARTED, ("event-1", "Choosing agents")),
        ([OPENING, {}, COMPLETE, LATE], JobEventType.COMPLETED, ("event-3", "All found")),
        ([COMPLETE, COMPLETE], JobEventType.COMPLETED, ("event-1", "All found")),
    ],
)
def test_an_event_has_id_and_message_of_its_status(
    entries: list[dict[str, Any]], kind: JobEventType, expected: tuple[str, str]
) -> None:
    found = event(None, log(*entries), kind)
    assert (found.id, found.message) == expected
    assert found.at == "2026-11-20T08:30:00.000Z"


def test_a_commit_whose_log_has_expired_is_named_after_its_position() -> None:
    after = apply(Job(head=Head(epoch="e1")), log(OPENING, COMPLETE)).head
    found = committed_event(JobEventType.COMPLETED, None, after, [])
    assert (found.id, found.message) == ("e1-2", "The job is complete.")


def test_an_event_goes_through_the_queue_unchanged() -> None:
    found = job_event(result={"place": "Main Street"})
    assert JobEvent.from_document(found.document()) == found
    assert found.document()["data"]["result"] == {"place": "Main Street"}
