"""The steps of a payload, on the ports in memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.log.journal.audience import Audience
from statusbeam.log.journal.batch import Batch
from statusbeam.log.journal.commits import Commit
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.api_key_readers import TENANT_HIDDEN_FROM_API_KEY, ApiKeyReaders
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline, PublishResult, pushes
from statusbeam.log.publishing.ports import Broadcaster, Journal, SessionStore
from statusbeam.model import limits
from statusbeam.model.errors import BroadcastError, JournalError, SessionStoreError, StatusError
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import json_text
from tests.unit.samples import NOW, StoppedClock, entry, head_of, job_key, update

DEADLINE = NOW + 20


@dataclass(frozen=True, slots=True)
class World:
    """A pipeline on memory, watched by ana of city."""

    journal: MemoryJournal
    sessions: MemorySessionStore
    broadcaster: MemoryBroadcaster

    def publish(
        self,
        payload: object,
        *,
        journal: Journal | None = None,
        sessions: SessionStore | None = None,
        broadcaster: Broadcaster | None = None,
        pushing: bool = True,
    ) -> PublishResult:
        pipeline = Pipeline(
            journal=journal or self.journal,
            sessions=sessions or self.sessions,
            broadcaster=broadcaster or self.broadcaster,
            clock=StoppedClock().clock(),
        )
        return pipeline.publish(payload, batch_id="request-1", deadline=DEADLINE, pushing=pushing)

    def log(self, job_id: str = "job-1") -> list[str]:
        return [update.message for update in self.journal.updates(job_key(job_id), first=1, last=1_000)]


@pytest.fixture
def world() -> Iterator[World]:
    made = World(MemoryJournal(clock=StoppedClock().clock()), MemorySessionStore(), MemoryBroadcaster())
    made.sessions.open("city", "ana", "c1", until=NOW + 60, joined=True)
    yield made


def payload(*messages: str, batch_id: str = "b1", **changes: Any) -> dict[str, Any]:
    return {"batchId": batch_id, "updates": [entry(message=message, **changes) for message in messages]}


def test_one_status_is_committed_and_pushed_with_its_sequence(world: World) -> None:
    assert world.publish(payload("one")) == {"committed": 1, "rejected": [], "pushed": 1}
    (push,) = world.broadcaster.pushed
    assert (push.message, push.sequence, push.earlier) == ("one", 1, None)


def test_a_commit_is_one_push_of_its_last_status_with_the_others_as_earlier(world: World) -> None:
    world.publish(payload("one", "two", "three"))
    (push,) = world.broadcaster.pushed
    assert (push.message, push.sequence) == ("three", 3)
    assert [(u.message, u.sequence) for u in push.earlier or ()] == [("one", 1), ("two", 2)]


@pytest.mark.parametrize("watcher", ["ana", None], ids=["the user", "an operator"])
def test_while_a_client_is_plain_each_status_is_a_push_in_order(world: World, watcher: str | None) -> None:
    world.sessions.open("city", watcher, "c2", until=NOW + 60)
    assert world.publish(payload("one", "two", "three")) == {"committed": 3, "rejected": [], "pushed": 3}
    assert [(push.message, push.sequence, push.earlier) for push in world.broadcaster.pushed] == [
        ("one", 1, None),
        ("two", 2, None),
        ("three", 3, None),
    ]
    world.sessions.close("city", watcher, "c2")
    world.publish(payload("four", "five", batch_id="b2"))
    assert [push.message for push in world.broadcaster.pushed[3:]] == ["five"]


def test_a_plain_client_of_somebody_else_splits_no_push(world: World) -> None:
    world.sessions.open("city", "ben", "c1", until=NOW + 60)
    world.sessions.open("village", None, "c1", until=NOW + 60)
    assert world.publish(payload("one", "two", "three"))["pushed"] == 1


def test_a_push_has_the_tool_and_the_execution_time_in_its_metadata_as_well(world: World) -> None:
    tool = entry(status="calling_tool", agentName="Geo", toolName="amazon_location", metadata={"a": 1})
    done = entry(status="agent_complete", agentName="Geo", executionTimeMs=0)
    own = entry(status="calling_tool", toolName="t", metadata={"toolName": "the caller's own"})
    world.publish({"updates": [tool, done, own]})
    (push,) = world.broadcaster.pushed
    statuses = [*(push.earlier or ()), push]
    assert [dict(status.metadata or {}) for status in statuses] == [
        {"a": 1, "toolName": "amazon_location"},
        {"executionTimeMs": 0},
        {"toolName": "the caller's own"},
    ]
    assert [dict(u.metadata or {}) for u in world.journal.updates(job_key(), first=1, last=3)] == [
        {"a": 1},
        {},
        {"toolName": "the caller's own"},
    ]


def test_a_commit_without_a_watcher_logs_a_warning_and_pushes_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.sessions.close("city", "ana", "c1")
    assert world.publish(payload("one")) == {"committed": 1, "rejected": [], "pushed": 0}
    assert world.log() == ["one"]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == "job_id=<job-1>, sequence=<1> | committed, not pushed: no live session"


def hidden_tenants(caplog: pytest.LogCaptureFixture) -> list[str]:
    messages = [record.getMessage() for record in caplog.records]
    return [message for message in messages if TENANT_HIDDEN_FROM_API_KEY in message]


def test_a_tenant_that_no_api_key_sees_is_named_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    pipeline = Pipeline(
        journal=world.journal,
        sessions=world.sessions,
        broadcaster=world.broadcaster,
        clock=StoppedClock().clock(),
        api_key_readers=ApiKeyReaders("public"),
    )
    for number, tenant in enumerate(("city", "city", "public", "village", "city")):
        told = payload("one", batch_id=f"b{number}", tenantId=tenant)
        pipeline.publish(told, batch_id="request-1", deadline=DEADLINE)
    assert hidden_tenants(caplog) == [
        f"tenant_id=<{tenant}>, warning=<tenant_hidden_from_api_key>"
        " | readers with the API key see the tenant public only"
        for tenant in ("city", "village")
    ]


def test_where_the_api_has_no_key_no_tenant_is_hidden_from_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.publish(payload("one"))
    assert hidden_tenants(caplog) == []


def test_a_redelivered_payload_changes_nothing_and_is_pushed_again(world: World) -> None:
    world.publish(payload("one", "two"))
    assert world.publish(payload("one", "two")) == {"committed": 2, "rejected": [], "pushed": 1}
    assert world.log() == ["one", "two"]
    first, again = world.broadcaster.pushed
    assert first == again


def test_invalid_entries_are_rejected_and_logged_and_valid_ones_are_kept(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    mixed = {"batchId": "b1", "updates": [entry(progress=101), entry(message="good")]}
    result = world.publish(mixed)
    assert (result["committed"], result["pushed"]) == (1, 1)
    assert [(r["index"], r["code"], r["field"]) for r in result["rejected"]] == [
        (0, "out_of_range", "progress")
    ]
    assert "code=<out_of_range>, field=<progress> | status rejected" in caplog.text


@pytest.mark.parametrize("nonsense", [None, "text", {"updates": 7}, {}])
def test_a_wholly_invalid_payload_is_rejected_not_raised(world: World, nonsense: object) -> None:
    result = world.publish(nonsense)
    assert (result["committed"], result["pushed"]) == (0, 0)
    assert len(result["rejected"]) == 1


def test_a_foreign_status_is_rejected_and_kept_as_evidence(world: World) -> None:
    world.publish(payload("one"))
    result = world.publish(payload("two", batch_id="b2", userId="ben"))
    assert [(r["index"], r["code"], r["field"]) for r in result["rejected"]] == [
        (0, "foreign_owner", "jobId")
    ]
    assert result["refused"] == 1
    assert world.log() == ["one"]
    assert [u.message for u in world.journal.refused] == ["two"]


def test_another_tenants_job_of_the_same_id_is_another_job(world: World) -> None:
    world.publish(payload("one"))
    result = world.publish(payload("two", tenantId="village", userId="ben"))
    assert result == {"committed": 1, "rejected": [], "pushed": 0}
    assert world.log() == ["one"]
    of_village = world.journal.updates(job_key(tenant_id="village"), first=1, last=9)
    assert [update.message for update in of_village] == ["two"]


def test_a_batch_id_used_twice_is_rejected(world: World) -> None:
    world.publish(payload("one"))
    result = world.publish(payload("two"))
    assert [(r["index"], r["code"]) for r in result["rejected"]] == [(0, "batch_reused")]
    assert world.log() == ["one"]


def test_statuses_of_several_jobs_may_share_a_payload(world: World) -> None:
    result = world.publish({"updates": [entry(message="a"), entry(jobId="job-2", message="b")]})
    assert result == {"committed": 2, "rejected": [], "pushed": 2}
    assert (world.log("job-1"), world.log("job-2")) == (["a"], ["b"])


def test_more_than_a_commit_takes_is_several_commits_and_pushes_in_order(world: World) -> None:
    many = [str(n) for n in range(limits.UPDATES_PER_COMMIT + 1)]
    assert world.publish(payload(*many)) == {"committed": len(many), "rejected": [], "pushed": 2}
    assert world.log() == many
    assert [push.sequence for push in world.broadcaster.pushed] == [limits.UPDATES_PER_COMMIT, len(many)]


class FailingJournal(MemoryJournal):
    """Takes no commit of one job, or of one batch."""

    def __init__(self, *, job_id: str = "", batch_id: str = "") -> None:
        super().__init__(clock=StoppedClock().clock())
        self._broken = (job_id, batch_id)

    def commit(self, batch: Batch, *, deadline: float) -> Commit:
        if batch.job_id == self._broken[0] or batch.batch_id == self._broken[1]:
            raise JournalError("throttled", code="ThrottlingException", retriable=True)
        return super().commit(batch, deadline=deadline)


class FailingSessionStore:
    """Does not answer."""

    def audience(self, tenant_id: str, user_id: str, *, now: float, of_several: bool) -> Audience:
        raise SessionStoreError("throttled", code="ThrottlingException", retriable=True)


class FailingBroadcaster:
    """Takes no push."""

    def __init__(self) -> None:
        self.tried = 0

    def push(self, update: StatusUpdate) -> None:
        self.tried += 1
        raise BroadcastError("HTTP 503", code="http_503", retriable=True)


def test_a_failing_journal_is_raised_and_nothing_is_pushed(world: World) -> None:
    with pytest.raises(JournalError):
        world.publish(payload("one"), journal=FailingJournal(job_id="job-1"))
    assert world.broadcaster.pushed == []


def test_a_failing_push_raises_and_the_commit_stays(world: World) -> None:
    with pytest.raises(BroadcastError):
        world.publish(payload("one"), broadcaster=FailingBroadcaster())
    assert world.log() == ["one"]


def test_a_payload_whose_push_failed_is_pushed_at_its_redelivery(world: World) -> None:
    with pytest.raises(BroadcastError):
        world.publish(payload("one"), broadcaster=FailingBroadcaster())
    assert world.publish(payload("one")) == {"committed": 1, "rejected": [], "pushed": 1}
    assert world.log() == ["one"]


def test_a_session_store_that_does_not_answer_raises_and_the_commit_stays(world: World) -> None:
    with pytest.raises(SessionStoreError):
        world.publish(payload("one"), sessions=FailingSessionStore())
    assert world.log() == ["one"]


def test_one_jobs_failure_does_not_delay_another_job(world: World) -> None:
    both = {"updates": [entry(message="a"), entry(jobId="job-2", message="b")]}
    journal = FailingJournal(job_id="job-1")
    with pytest.raises(StatusError):
        world.publish(both, journal=journal)
    assert [u.message for u in journal.updates(job_key("job-2"), first=1, last=9)] == ["b"]
    assert [push.message for push in world.broadcaster.pushed] == ["b"]


def test_no_status_of_a_job_overtakes_an_uncommitted_one(world: World) -> None:
    many = [str(n) for n in range(2 * limits.UPDATES_PER_COMMIT + 1)]
    journal = FailingJournal(batch_id="b1#1")
    with pytest.raises(JournalError):
        world.publish(payload(*many), journal=journal)
    head = head_of(journal, "job-1")
    assert head is not None
    assert head.sequence == limits.UPDATES_PER_COMMIT


def test_that_something_is_not_committed_matters_more_than_a_push_that_failed_before(world: World) -> None:
    both = {"updates": [entry(jobId="job-2"), entry()]}
    journal = FailingJournal(job_id="job-1")
    with pytest.raises(JournalError):
        world.publish(both, journal=journal, broadcaster=FailingBroadcaster())


def test_without_pushing_a_payload_is_only_committed(world: World) -> None:
    assert world.publish(payload("one"), pushing=False) == {"committed": 1, "rejected": [], "pushed": 0}
    assert (world.log(), world.broadcaster.pushed) == (["one"], [])


def test_after_a_push_that_failed_for_a_while_the_other_jobs_are_only_committed(world: World) -> None:
    broadcaster = FailingBroadcaster()
    both = {"updates": [entry(message="a"), entry(jobId="job-2", message="b")]}
    with pytest.raises(BroadcastError):
        world.publish(both, broadcaster=broadcaster)
    assert broadcaster.tried == 1
    assert [u.message for u in world.journal.updates(job_key("job-2"), first=1, last=9)] == ["b"]


def test_a_failing_push_does_not_delay_the_jobs_next_commit(world: World) -> None:
    many = [str(n) for n in range(limits.UPDATES_PER_COMMIT + 1)]
    with pytest.raises(BroadcastError):
        world.publish(payload(*many), broadcaster=FailingBroadcaster())
    assert world.log() == many


@given(
    st.lists(st.integers(0, 900), min_size=1, max_size=30),
    st.integers(1, 4_000),
)
def test_pushes_hold_every_status_once_in_order_and_stay_below_their_limit(
    lengths: list[int], max_bytes: int
) -> None:
    committed = [update(message="m" * n).numbered(at) for at, n in enumerate(lengths, 1)]
    sent = list(pushes(committed, Audience.JOINED, max_bytes=max_bytes))
    flat = [u.sequence for push in sent for u in (*(push.earlier or ()), push)]
    assert flat == list(range(1, len(lengths) + 1))
    for push in sent:
        alone = [*(push.earlier or ()), replace(push, earlier=None)]
        sizes = [len(json_text(u.to_wire()).encode()) for u in alone]
        assert len(sizes) == 1 or sum(sizes) <= max_bytes
        assert push.earlier is None or push.earlier


# only if open


def last_word(batch_id: str, **changes: Any) -> dict[str, Any]:
    return {**payload("ended for you", batch_id=batch_id, status="error", **changes), "onlyIfOpen": True}


@pytest.mark.parametrize("only_if_open", [True, False, None])
def test_a_job_that_is_open_takes_every_word(world: World, only_if_open: bool | None) -> None:
    world.publish(payload("one"))
    result = world.publish({**last_word("b2"), "onlyIfOpen": only_if_open})
    assert (result["committed"], world.log()) == (1, ["one", "ended for you"])


def test_an_ended_job_skips_it_and_logs_that(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world.publish(payload("done", status="complete"))
    assert world.publish(last_word("b2")) == {"committed": 0, "rejected": [], "pushed": 0}
    assert world.log() == ["done"]
    assert len(world.broadcaster.pushed) == 1
    expected = "batch_id=<b2> | skipped: the job is not open to it"
    assert [record.getMessage() for record in caplog.records] == [f"job_id=<job-1>, {expected}"]


def test_without_the_condition_an_ended_job_takes_it_still(world: World) -> None:
    world.publish(payload("done", status="complete"))
    world.publish(payload("late", batch_id="b2", status="error"))
    assert world.log() == ["done", "late"]


def test_one_payload_may_close_several_jobs_each_by_its_own_state(world: World) -> None:
    world.publish(payload("done", status="complete", jobId="a"))
    updates = [entry(jobId=job, status="error", message="ended for you") for job in ("a", "b")]
    result = world.publish({"batchId": "b2", "onlyIfOpen": True, "updates": updates})
    assert result["committed"] == 1
    assert (world.log("a"), world.log("b")) == (["done"], ["ended for you"])


def test_a_job_whose_state_cannot_be_read_is_left_for_the_next_delivery(world: World) -> None:
    with pytest.raises(JournalError):
        world.publish(last_word("b2"), journal=FailingJournal(job_id="job-1"))
