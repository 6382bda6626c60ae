"""From scopes to the log: through failures and redrives, each status is there once and in order."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from status_utils import (
    DirectTransport,
    current_scope,
    in_scope,
    job,
    publish_agent_status,
    publish_orchestrator_status,
    publish_tool_status,
)
from status_utils.sending.sender import PROBES, TRIES
from status_utils.sending.senders import sender_for
from status_utils.testing import recorded
from statusbeam.log.journal.batch import Batch
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.errors import BroadcastError, JournalError, TransportError
from statusbeam.model.update import StatusUpdate
from tests.unit.samples import job_key
from tests.unit.status_utils.virtual_sender import (
    DEAD,
    REFUSED,
    THROTTLED,
    FakeTransport,
    World,
    undelivered,
)


def pipeline(journal: MemoryJournal | None = None) -> Pipeline:
    return Pipeline(
        journal=journal or MemoryJournal(), sessions=MemorySessionStore(), broadcaster=MemoryBroadcaster()
    )


def log_of(publisher: Pipeline, job_id: str = "job-1") -> tuple[StatusUpdate, ...]:
    return publisher.journal.updates(job_key(job_id), first=1, last=1_000_000)


def snapshot_of(publisher: Pipeline, job_id: str = "job-1") -> Job:
    """The stored snapshot, which must be the fold of the log."""
    snapshot = publisher.journal.snapshot(job_key(job_id))
    assert snapshot is not None
    assert fold(log_of(publisher, job_id), epoch=snapshot.head.epoch) == snapshot
    return snapshot


# --- eight agents at once, all the way -------------------------------------------------------------------


def check_eight(publisher: Pipeline) -> None:
    snapshot = snapshot_of(publisher)
    assert snapshot.head.overall_status == "completed"
    assert len(snapshot.agents) == 8
    for agent in snapshot.agents.values():
        number = int(agent.name.removeprefix("Agent "))
        assert agent.status == "success"
        assert agent.activity == f"Agent {number} completed"
        assert [name for name, _ in agent.tools] == [f"tool {number}"]
        assert agent.ledger.total == (number * 100, number)


def test_eight_agents_in_threads_lose_and_swap_nothing() -> None:
    def work(number: int) -> None:
        scope = current_scope()
        assert scope is not None
        with scope.agent(f"Agent {number}") as agent:
            for percent in range(100):
                agent.progress(percent=percent, message=f"{number}")
                agent.tokens(input=number * percent, output=0)
            with agent.tool(f"tool {number}"):
                agent.tokens(input=number * 100, output=number)

    publisher = pipeline()
    transport = DirectTransport(lambda: publisher)
    with (
        job(job_id="job-1", user_id="ana", tenant_id="city", transport=transport),
        ThreadPoolExecutor(8) as executor,
    ):
        list(executor.map(in_scope(work), range(8)))
    sender_for(transport).flush(60, force_wait=True)
    check_eight(publisher)


async def test_eight_agents_in_tasks_lose_and_swap_nothing() -> None:
    async def work(number: int) -> None:
        scope = current_scope()
        assert scope is not None
        async with scope.agent(f"Agent {number}") as agent:
            for percent in range(100):
                agent.progress(percent=percent, message=f"{number}")
                await asyncio.sleep(0)
            async with agent.tool(f"tool {number}"):
                agent.tokens(input=number * 100, output=number)

    publisher = pipeline()
    transport = DirectTransport(lambda: publisher)
    async with job(job_id="job-1", user_id="ana", tenant_id="city", transport=transport):
        await asyncio.gather(*(work(number) for number in range(8)))
    sender_for(transport).flush(60, force_wait=True)
    check_eight(publisher)


# --- any interleaving ------------------------------------------------------------------------------------


class Unreliable(FakeTransport):
    """Delivers to a real pipeline. It may fail before the delivery, or after it."""

    def __init__(self, publisher: Pipeline) -> None:
        super().__init__()
        self.publisher = publisher
        self.plan: list[tuple[str, TransportError]] = []
        self.refused: list[Mapping[str, Any]] = []
        self.tries: Counter[str] = Counter()

    def send(self, payload: Mapping[str, Any]) -> None:
        when, error = self.plan.pop(0) if self.plan else ("never", DEAD)
        self.tries[payload["batchId"]] += 1
        if when == "before":
            if not error.retriable or self.tries[payload["batchId"]] == TRIES + PROBES:
                self.refused.extend(payload["updates"])
            raise error
        self.publisher.publish(payload, batch_id="none", deadline=0)
        if when == "after":
            raise error


class Keeping(logging.Handler):
    """Keeps the records of its own thread in a list: senders of earlier tests may still log in theirs."""

    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self._records = records
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self._records.append(record)


steps = st.one_of(
    st.tuples(st.just("say"), st.integers(0, 2)),
    st.tuples(st.just("progress"), st.integers(0, 2)),
    st.tuples(st.just("run"), st.sampled_from([0.0, 0.05, 0.3, 1.0, 30.0])),
    st.tuples(st.just("flush"), st.booleans()),
    st.tuples(
        st.just("fail"),
        st.tuples(st.sampled_from(["before", "after"]), st.sampled_from([DEAD, THROTTLED, REFUSED])),
    ),
)


@settings(max_examples=150)
@given(st.lists(steps, max_size=40))
def test_any_mix_of_calls_failures_and_flushes_loses_doubles_and_reorders_nothing(
    script: list[tuple[str, Any]],
) -> None:
    publisher = pipeline()
    transport = Unreliable(publisher)
    world = World(transport)
    records: list[logging.LogRecord] = []
    handler = Keeping(records)
    log = logging.getLogger("status_utils.undelivered")
    log.addHandler(handler)
    log.propagate = False
    try:
        jobs = [world.job(jobId=f"job-{number}").start() for number in range(3)]
        said = {number: ["loading_agents"] for number in range(3)}
        for step, argument in script:
            if step == "say":
                word = f"w{len(said[argument])}"
                jobs[argument].status(word, "…")
                said[argument].append(word)
            elif step == "progress":
                jobs[argument].progress(0.5, "…")
            elif step == "run":
                world.run(argument)
            elif step == "flush":
                world.sender.flush(last_chance=argument)
            else:
                transport.plan.append(argument)
        transport.plan.clear()
        world.run(120)
        world.sender.flush(last_chance=True)
    finally:
        log.removeHandler(handler)
        log.propagate = True
    delivered = {number: lifecycle(publisher, number) for number in range(3)}
    for payload in undelivered(records):
        publisher.publish(payload, batch_id="none", deadline=0)
    for number, words in said.items():
        assert is_in_order(delivered[number], words), "what was delivered kept its order"
        refused = {s["status"] for s in transport.refused if s["jobId"] == f"job-{number}"}
        assert set(words) - set(delivered[number]) <= refused, "all else arrived once the backend was back"
        assert Counter(lifecycle(publisher, number)) == Counter(words), "the rest was in the log, once each"
        snapshot_of(publisher, f"job-{number}")


def lifecycle(publisher: Pipeline, number: int) -> list[str]:
    told = log_of(publisher, f"job-{number}")
    return [update.status for update in told if update.status not in ("progress", "heartbeat")]


def is_in_order(part: list[str], whole: list[str]) -> bool:
    rest = iter(whole)
    return all(word in rest for word in part)


# --- no terminal status is lost --------------------------------------------------------------------------


@pytest.mark.parametrize("error", [DEAD, THROTTLED, REFUSED])
def test_the_final_status_of_a_job_with_a_dead_backend_is_delivered_by_a_redrive(
    caplog: pytest.LogCaptureFixture, error: TransportError
) -> None:
    world = World(FakeTransport(lambda: error))
    with world.job() as j, j.agent("Geo Agent"):
        pass
    world.sender.flush(last_chance=True)
    publisher = pipeline()
    for payload in undelivered(caplog.records):
        publisher.publish(payload, batch_id="none", deadline=0)
    assert snapshot_of(publisher).head.overall_status == "completed"


# --- the publish functions inside a scope ----------------------------------------------------------------


def test_publish_functions_join_the_scope_of_their_job() -> None:
    ids = ("job-1", "ana", "city")
    with recorded() as recording:
        with job(job_id="job-1", user_id="ana", tenant_id="city") as j, j.agent("Geo Agent") as a:
            assert publish_tool_status(*ids, "Geo Agent", "location", "Find Elm Street", metadata={"n": 1})
            assert publish_agent_status(*ids, "Map Agent", "agent_invoking", "Another one")
            assert publish_agent_status(*ids, "Geo Agent", "complete", "Found it", 840)
            assert publish_orchestrator_status(*ids, "complete", "Sent to the road works")
        assert recording.statuses() == [
            "loading_agents",
            "agent_invoking",
            "calling_tool",
            "agent_invoking",
            "agent_complete",
            "complete",
        ]
        runs = {s.get("invocationId") for s in recording if s.get("agentName") == "Geo Agent"}
        assert runs == {a.invocation_id}
        assert "invocationId" not in recording[3]
        assert recording.messages()[-2:] == ["Found it", "Sent to the road works"]


def test_publish_functions_for_another_job_or_another_way_go_their_own() -> None:
    other = FakeTransport()
    with recorded() as recording, job(job_id="job-1", user_id="ana", tenant_id="city"):
        publish_orchestrator_status("job-2", "ana", "city", "validating", "…")
        publish_orchestrator_status("job-1", "ana", "city", "validating", "…", transport=other)
        assert other.status_words() == ["validating"]
    assert [(s["jobId"], s["status"]) for s in recording if s["status"] == "validating"] == [
        ("job-2", "validating")
    ]


# --- recorded --------------------------------------------------------------------------------------------


def test_a_recording_gives_words_messages_and_the_snapshot() -> None:
    with recorded() as recording:
        with (
            job(job_id="job-1", user_id="ana", tenant_id="city", plan=["Geo Agent"]) as j,
            j.agent("Geo Agent", message="Reading the address") as a,
        ):
            a.tokens(input=10, output=2)
        assert recording.statuses("Geo Agent") == ["agent_invoking", "agent_complete"]
        assert str(recording.statuses("Geo Agent")) == "['agent_invoking', 'agent_complete']", "and shows so"
        assert recording.messages("Geo Agent") == ["Reading the address", "Geo Agent completed"]
        assert len(recording) == len(list(recording)) == 4
        assert [s["status"] for s in recording[1:3]] == recording.statuses("Geo Agent")
        snapshot = recording.snapshot("job-1")
        assert (snapshot["overallStatus"], snapshot["progress"]) == ("completed", 100)
        assert snapshot["totalTokenUsage"]["totalTokens"] == 12
        with pytest.raises(KeyError):
            recording.snapshot("job-2")


def test_after_a_recording_statuses_go_where_they_went_before(caplog: pytest.LogCaptureFixture) -> None:
    with recorded() as recording:
        assert publish_orchestrator_status("job-1", "ana", "city", "validating", "…")
    assert not publish_orchestrator_status("job-1", "ana", "city", "validating", "…")
    assert len(recording) == 1


# --- the direct transport --------------------------------------------------------------------------------


class FailingJournal(MemoryJournal):
    """Fails a given number of times."""

    failures: int = 0

    def commit(self, batch: Batch, *, deadline: float) -> Any:
        if self.failures:
            self.failures -= 1
            raise JournalError("throttled", code="ThrottlingException", retriable=True)
        return super().commit(batch, deadline=deadline)


class FailingBroadcaster(MemoryBroadcaster):
    """A backend that cannot be reached."""

    def push(self, update: StatusUpdate) -> None:
        raise BroadcastError("unreachable", code="unreachable", retriable=True)


def test_a_commit_that_fails_for_a_while_is_tried_again_directly() -> None:
    journal = FailingJournal()
    journal.failures = 2
    world = World(DirectTransport(lambda: pipeline(journal)))
    with world.job() as j:
        j.status("validating", "…")
    world.run(10)
    assert [update.status for update in log_of(pipeline(journal))] == [
        "loading_agents",
        "validating",
        "complete",
    ]


def test_a_push_that_fails_does_not_make_a_commit_fail(caplog: pytest.LogCaptureFixture) -> None:
    sessions = MemorySessionStore()
    sessions.open("city", "ana", "c-1", until=float("inf"))
    publisher = Pipeline(journal=MemoryJournal(), sessions=sessions, broadcaster=FailingBroadcaster())
    transport = DirectTransport(lambda: publisher)
    assert publish_orchestrator_status("job-1", "ana", "city", "validating", "…", transport=transport)
    assert len(log_of(publisher)) == 1
    assert "committed, not pushed" in caplog.text


def test_a_missing_package_is_a_transport_error() -> None:
    def needs_more() -> Pipeline:
        raise ModuleNotFoundError("No module named 'requests'")

    with pytest.raises(TransportError) as failed:
        DirectTransport(needs_more).send({"updates": []})
    assert (failed.value.code, failed.value.retriable) == ("not_installed", False)
