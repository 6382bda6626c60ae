"""The closer on events as EventBridge documents them, and the publisher's handling of its statuses."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from lambdas.execution_closer import handler as closer
from lambdas.execution_closer.execution import Execution, owner_in
from lambdas.execution_closer.handler import handler
from status_utils.transports.memory_transport import MemoryTransport
from status_utils.transports.queue_messages import group_of, messages_of
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.payload import parse_payload
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.model.errors import TransportError
from tests.unit.samples import NOW, StoppedClock, entry, head_of, job_key

RECORDED = json.loads((Path(__file__).with_name("events") / "execution_status_change.json").read_text())
OWNER = {"jobId": "job-1", "userId": "ana", "tenantId": "city"}
NO_CONTEXT = cast("Any", None)


def event(**detail: Any) -> dict[str, Any]:
    """The recorded event with other details."""
    return {**RECORDED, "detail": {**RECORDED["detail"], **detail}}


@pytest.fixture
def transport(monkeypatch: pytest.MonkeyPatch) -> MemoryTransport:
    memory = MemoryTransport()
    monkeypatch.setattr(closer, "transport", lambda: memory)
    monkeypatch.setattr(closer, "described_input", lambda arn: pytest.fail(f"asked about {arn}"))
    return memory


NEWS = [
    # status, redrives, what the job is told (status, attempt)
    ("SUCCEEDED", 0, ("complete", 1)),
    ("FAILED", 0, ("error", 1)),
    ("TIMED_OUT", 0, ("error", 1)),
    ("ABORTED", 0, ("cancelled", 1)),
    ("RUNNING", 0, None),  # its workflow says what begins
    ("RUNNING", 1, ("reopened", 2)),
    ("RUNNING", 2, ("reopened", 3)),
    ("SUCCEEDED", 2, ("complete", 3)),
    ("FAILED", 1, ("error", 2)),
    ("PENDING_REDRIVE", 1, None),  # RUNNING follows
    ("SOMETHING_NEW", 0, None),
]


@pytest.mark.parametrize(("status", "redrives", "told"), NEWS)
def test_each_change_of_an_execution_is_one_word_or_none(
    transport: MemoryTransport, status: str, redrives: int, told: tuple[str, int] | None
) -> None:
    handler(event(status=status, redriveCount=redrives), NO_CONTEXT)
    updates = [update for payload in transport.sent for update in payload["updates"]]
    assert [(update["status"], update["attempt"]) for update in updates] == ([told] if told else [])


def test_a_word_is_a_valid_status_of_the_job_at_the_time_it_happened(transport: MemoryTransport) -> None:
    handler(event(), NO_CONTEXT)
    (payload,) = transport.sent
    parsed = parse_payload(payload, batch_id="request-1", now=NOW)
    (update,) = parsed.updates
    assert (parsed.rejected, parsed.only_if_open) == ((), True)
    assert (update.job_id, update.user_id, update.tenant_id) == ("job-1", "ana", "city")
    assert update.timestamp == "2026-11-20T08:30:11.881Z"
    assert update.metadata == {"executionStatus": "FAILED"}


def test_a_redriven_execution_is_reported_with_the_time_of_its_event(transport: MemoryTransport) -> None:
    handler(event(status="RUNNING", redriveCount=1, stopDate=None), NO_CONTEXT)
    assert transport.sent[0]["updates"][0]["timestamp"] == "2026-11-20T08:30:12Z"


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED", "SUCCEEDED"])
def test_no_status_contains_a_cause_or_an_arn(transport: MemoryTransport, status: str) -> None:
    handler(event(status=status), NO_CONTEXT)
    assert "arn:" not in json.dumps(transport.sent)
    assert "said no" not in json.dumps(transport.sent)


def test_an_event_delivered_twice_is_the_same_message_twice(transport: MemoryTransport) -> None:
    handler(event(), NO_CONTEXT)
    handler(event(), NO_CONTEXT)
    first, second = (messages_of(payload) for payload in transport.sent)
    assert first == second
    assert first[0].group_id == group_of(job_key())


def test_every_end_of_an_execution_is_a_batch_of_its_own(transport: MemoryTransport) -> None:
    ends = list(itertools.product(["ABORTED", "FAILED"], [0, 1], ["arn:1", "arn:2"]))
    for status, redrives, arn in ends:
        handler(event(status=status, redriveCount=redrives, executionArn=arn), NO_CONTEXT)
    assert len({payload["batchId"] for payload in transport.sent}) == len(ends)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{}", id="empty"),
        pytest.param('{"jobId": "job-1", "userId": "ana"}', id="no tenant"),
        pytest.param('{"jobId": 7, "userId": "ana", "tenantId": "city"}', id="no text"),
        pytest.param('{"jobId": "", "userId": "ana", "tenantId": "city"}', id="nobody's"),
        pytest.param('["jobId"]', id="no object"),
        pytest.param("", id="nothing"),
        pytest.param("{", id="no JSON"),
        pytest.param("[" * 100_000, id="too deep"),
    ],
)
def test_an_execution_that_is_no_job_is_skipped_with_a_log_line(
    transport: MemoryTransport, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    caplog.set_level("INFO")
    assert handler(event(input=text), NO_CONTEXT) is None
    assert transport.sent == []
    assert [record.getMessage().rpartition("| ")[2] for record in caplog.records] == [
        "skipped: its input names no job"
    ]


def test_an_input_too_large_for_the_event_is_asked_for(
    transport: MemoryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = {RECORDED["detail"]["executionArn"]: json.dumps({**OWNER, "complaint": "long"})}
    monkeypatch.setattr(closer, "described_input", inputs.__getitem__)
    handler(event(input=None, inputDetails={"included": False}), NO_CONTEXT)
    assert OWNER.items() <= transport.sent[0]["updates"][0].items()


def test_a_plain_start_asks_for_nothing(transport: MemoryTransport) -> None:
    assert handler(event(status="RUNNING", input=None, inputDetails={"included": False}), NO_CONTEXT) is None


def test_a_status_that_cannot_be_sent_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    class Down:
        def send(self, payload: object) -> None:
            raise TransportError("down", code="down", retriable=True)

    monkeypatch.setattr(closer, "transport", Down)
    with pytest.raises(TransportError):
        handler(event(), NO_CONTEXT)


# what becomes of its words


class Publisher:
    """The publisher on memory, watched by ana."""

    def __init__(self) -> None:
        self.journal, self.broadcaster = MemoryJournal(clock=StoppedClock().clock()), MemoryBroadcaster()
        sessions = MemorySessionStore()
        sessions.open("city", "ana", "c1", until=NOW + 60)
        self._pipeline = Pipeline(
            journal=self.journal,
            sessions=sessions,
            broadcaster=self.broadcaster,
            clock=StoppedClock().clock(),
        )
        self._count = itertools.count()

    def own(self, status: str, message: str = "own") -> None:
        """The workflow's own word."""
        update = {**entry(status=status, message=message), "agentName": None}
        self._publish({"batchId": f"own-{next(self._count)}", "updates": [update]})

    def closer(self, status: str, redrives: int = 0) -> None:
        """The closer's, on an event."""
        execution = Execution.from_event(event(status=status, redriveCount=redrives))
        assert execution.job_status
        self._publish(execution.payload(owner_in(execution.input or "") or {}, execution.job_status))

    def _publish(self, payload: object) -> None:
        result = self._pipeline.publish(payload, batch_id="request", deadline=NOW + 20)
        assert result["rejected"] == []

    def log(self) -> list[str]:
        return [update.status for update in self.journal.updates(job_key(), first=1, last=100)]

    def state(self) -> str | None:
        head = head_of(self.journal, "job-1")
        return head.overall_status if head else None


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    yield Publisher()


ENDINGS = [
    # the workflow's own words, the execution's end, the log, the job
    ([], "FAILED", ["error"], "failed"),  # before its first checkpoint
    (["loading_agents"], "TIMED_OUT", ["loading_agents", "error"], "failed"),
    (["validating"], "SUCCEEDED", ["validating", "complete"], "completed"),
    (["validating", "complete"], "SUCCEEDED", ["validating", "complete"], "completed"),
    (["validating", "error"], "FAILED", ["validating", "error"], "failed"),
    (["complete"], "ABORTED", ["complete"], "completed"),  # its own word stands, also against the execution's
    (["error"], "SUCCEEDED", ["error"], "failed"),  # it caught what failed, and said so
    (["error", "heartbeat"], "FAILED", ["error", "heartbeat"], "failed"),
]


@pytest.mark.parametrize(("own", "end", "log", "state"), ENDINGS)
def test_a_job_gets_a_final_status_only_if_it_has_none(
    publisher: Publisher, own: list[str], end: str, log: list[str], state: str
) -> None:
    for status in own:
        publisher.own(status)
    publisher.closer(end)
    publisher.closer(end)  # delivered again
    assert (publisher.log(), publisher.state()) == (log, state)


def test_a_redelivered_final_status_is_pushed_again(publisher: Publisher) -> None:
    publisher.closer("FAILED")
    publisher.closer("FAILED")
    assert [(push.status, push.sequence) for push in publisher.broadcaster.pushed] == [("error", 1)] * 2


def test_a_second_final_status_is_not_pushed(publisher: Publisher) -> None:
    publisher.closer("FAILED")
    publisher.closer("ABORTED")
    assert [push.status for push in publisher.broadcaster.pushed] == ["error"]


REDRIVEN = [
    # what arrives, in this order: its own words, or an event with its redrives; the log; the job
    (
        [("ABORTED", 0), ("RUNNING", 1), "complete", ("SUCCEEDED", 1)],
        ["cancelled", "reopened", "complete"],
        "completed",
    ),
    (
        [("ABORTED", 0), ("RUNNING", 1), ("TIMED_OUT", 1)],
        ["cancelled", "reopened", "error"],
        "failed",
    ),
    ([("ABORTED", 0)], ["cancelled"], "cancelled"),
    ([("FAILED", 0), ("RUNNING", 1), ("ABORTED", 1)], ["error", "reopened", "cancelled"], "cancelled"),
    (
        [("FAILED", 0), ("RUNNING", 1), "error", ("FAILED", 1), ("RUNNING", 2), ("SUCCEEDED", 2)],
        ["error", "reopened", "error", "reopened", "complete"],
        "completed",
    ),
    # events overtake each other
    ([("RUNNING", 1), ("ABORTED", 0), ("SUCCEEDED", 1)], ["reopened", "complete"], "completed"),
    ([("ABORTED", 0), ("SUCCEEDED", 1), ("RUNNING", 1)], ["cancelled", "complete"], "completed"),
    ([("SUCCEEDED", 1), ("RUNNING", 1), ("ABORTED", 0)], ["complete"], "completed"),
    ([("FAILED", 1), ("RUNNING", 1), ("ABORTED", 0)], ["error"], "failed"),
    ([("RUNNING", 2), ("RUNNING", 1), ("FAILED", 1), ("FAILED", 2)], ["reopened", "error"], "failed"),
    # the second run ends before anybody heard that it began: its own word is late news of the first
    (
        ["error", "complete", ("RUNNING", 1), ("SUCCEEDED", 1)],
        ["error", "complete", "reopened", "complete"],
        "completed",
    ),
    (["error", "complete", ("SUCCEEDED", 1), ("RUNNING", 1)], ["error", "complete", "complete"], "completed"),
]


@pytest.mark.parametrize(("arriving", "log", "state"), REDRIVEN)
def test_a_redriven_job_ends_as_its_last_run_did_in_whatever_order_events_arrive(
    publisher: Publisher, arriving: list[str | tuple[str, int]], log: list[str], state: str
) -> None:
    publisher.own("validating")
    for news in arriving:
        for _ in range(2):  # delivered again
            if isinstance(news, tuple):
                publisher.closer(*news)
        if isinstance(news, str):
            publisher.own(news)
    assert (publisher.log()[1:], publisher.state()) == (log, state)


def test_events_may_come_in_any_order_and_again() -> None:
    events = [("ABORTED", 0), ("RUNNING", 1), ("TIMED_OUT", 1), ("RUNNING", 2), ("SUCCEEDED", 2)]
    for order in itertools.permutations(events):
        mixed = Publisher()
        mixed.own("validating")
        for status, redrives in (*order, *order):
            mixed.closer(status, redrives)
        assert mixed.state() == "completed", order
        assert mixed.log().count("complete") == 1, order
