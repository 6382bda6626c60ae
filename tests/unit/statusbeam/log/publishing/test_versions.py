"""Parts of different versions understand each other: frozen payloads of 0.1, and fields of later versions.

The frozen file never changes. A version with another payload adds a file of its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline, PublishResult
from statusbeam.model.update import FIELDS
from tests.unit.samples import NOW, StoppedClock, entry, job_key

FROZEN = sorted((Path(__file__).parent / "frozen").glob("payloads-*.json"))

FIELDS_OF_0_1 = frozenset(
    (
        *(
            "jobId",
            "userId",
            "tenantId",
            "eventId",
            "sequence",
            "type",
            "status",
            "qualifiedStatus",
            "message",
        ),
        *("agentName", "invocationId", "parentInvocationId", "attempt", "toolName", "progress", "etaSeconds"),
        *("executionTimeMs", "timestamp", "metadata", "earlier", "message"),
    )
)
"""What readers of 0.1 ask for."""


class World:
    """A publisher of today, watched by ana of city."""

    def __init__(self) -> None:
        self.journal = MemoryJournal(clock=StoppedClock().clock())
        self.broadcaster = MemoryBroadcaster()
        sessions = MemorySessionStore()
        sessions.open("city", "ana", "c1", until=NOW + 60)
        self.pipeline = Pipeline(
            journal=self.journal,
            sessions=sessions,
            broadcaster=self.broadcaster,
            clock=StoppedClock().clock(),
        )

    def publish(self, payload: Any) -> PublishResult:
        return self.pipeline.publish(payload, batch_id="request-1", deadline=NOW + 20)


@pytest.mark.parametrize("path", FROZEN, ids=lambda path: path.stem)
def test_payloads_of_older_libraries_are_committed_whole(path: Path) -> None:
    world = World()
    for payload in json.loads(path.read_text()):
        assert world.publish(payload)["rejected"] == []
    log = world.journal.updates(job_key(), first=1, last=100)
    assert [one.status for one in log] == [
        "loading_agents",
        "agent_invoking",
        "calling_tool",
        "progress",
        "agent_complete",
        "complete",
    ]
    assert [one.sequence for one in log] == list(range(1, len(log) + 1))
    job = world.journal.snapshot(job_key())
    assert job is not None
    assert job.head.overall_status == "completed"
    assert "success" in [agent.status for agent in job.agents.values()]
    assert len(world.broadcaster.pushed) == len(log) + 1


def test_older_readers_find_every_field_that_they_ask_for() -> None:
    assert set(FIELDS) >= FIELDS_OF_0_1


def test_an_envelope_field_of_a_later_library_is_ignored() -> None:
    world = World()
    result = world.publish({"batchId": "b1", "ofALaterVersion": {"a": [1]}, "updates": [entry()]})
    assert result == {"committed": 1, "rejected": [], "pushed": 1}


def test_a_status_field_of_a_later_library_costs_that_status_only_and_is_named() -> None:
    result = World().publish({"batchId": "b1", "updates": [entry(ofALaterVersion=1), entry()]})
    assert result["committed"] == 1
    assert [(one["index"], one["field"]) for one in result["rejected"]] == [(0, "ofALaterVersion")]


def test_a_word_of_a_later_library_is_shown_unchanged() -> None:
    world = World()
    assert world.publish(entry(status="word_of_a_later_version"))["committed"] == 1
    (push,) = world.broadcaster.pushed
    assert (push.status, str(push.type)) == ("word_of_a_later_version", "agent_status")
