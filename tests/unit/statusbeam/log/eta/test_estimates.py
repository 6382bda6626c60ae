"""Estimates through the publisher: learnt from completed jobs, sent with the statuses of running ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from status_utils.transports.direct_transport import direct_pipeline
from statusbeam.log.eta.dynamo_histories import DynamoHistories
from statusbeam.log.eta.estimates import HISTORY_SECONDS, REFRESH_SECONDS, Estimates
from statusbeam.log.eta.histories import Histories
from statusbeam.log.eta.memory import MemoryHistories
from statusbeam.log.eta.step_correlation import MIN_RUNS
from statusbeam.log.eta.step_history import StepHistory, WorkflowKey
from statusbeam.log.journal.commits import Change
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.log.publishing.ports import Broadcaster, Journal
from statusbeam.log.snapshot.times import time_of
from statusbeam.model.errors import BroadcastError, JournalError
from statusbeam.model.job_key import JobKey
from statusbeam.model.limits import METADATA_BYTES
from statusbeam.model.settings import PublisherSettings
from statusbeam.model.update import StatusUpdate
from tests.unit.dynamo_tables import SESSIONS_TABLE, STATUS_TABLE, dynamo_tables
from tests.unit.samples import NOW, StoppedClock, head_of, job_key

CIVIC = WorkflowKey("city", "civic", "3")
PLAN = ["Load", {"name": "Geo", "dependsOn": ["Load"]}]
ENOUGH = MIN_RUNS + 3
DAY = 86_400


@dataclass(kw_only=True)
class World:
    """One table and its publishers, each like a separate process."""

    new_journal: Callable[[Estimates], Journal]
    histories: Histories
    time: StoppedClock
    broadcaster: Broadcaster

    def publisher(self, histories: Histories | None = None) -> Publisher:
        estimates = Estimates(histories or self.histories, clock=self.time.clock())
        journal = self.new_journal(estimates)
        sessions = MemorySessionStore()
        sessions.open("city", None, "c1", until=NOW + 100 * DAY)
        pipeline = Pipeline(
            journal=journal,
            sessions=sessions,
            broadcaster=self.broadcaster,
            clock=self.time.clock(),
            estimates=estimates,
        )
        return Publisher(pipeline, journal, self.time)


@dataclass
class Publisher:
    pipeline: Pipeline
    journal: Journal
    time: StoppedClock

    def say(self, job_id: str, *statuses: Mapping[str, Any], batch_id: str = "") -> None:
        """Publish statuses of now as one batch."""
        owner = {"jobId": job_id, "userId": "ana", "tenantId": "city", "timestamp": time_of(self.now_ms)}
        updates = [{**owner, "message": "m", **status} for status in statuses]
        batch_id = batch_id or f"{job_id}-{self.now_ms}-{len(updates)}-{updates[0]['status']}"
        payload = {"batchId": batch_id, "updates": updates}
        result = self.pipeline.publish(payload, batch_id="request", deadline=self.time.time + 20)
        assert result["rejected"] == []

    @property
    def now_ms(self) -> int:
        return round(self.time.time * 1000)

    def wait(self, seconds: float) -> None:
        self.time.time += seconds

    def run(self, job_id: str, *, load: float = 2.0, geo: float = 10.0, **opening: Any) -> None:
        """A whole job."""
        self.say(job_id, begin(**opening))
        self.wait(load)
        self.say(job_id, ended("Load"))
        self.wait(geo)
        self.say(job_id, ended("Geo"), {"status": "complete"})

    def last(self, job_id: str) -> StatusUpdate:
        return self.journal.updates(job_key(job_id), first=1, last=1_000)[-1]

    def eta_of(self, job_id: str) -> dict[str, float] | None:
        """The job for its readers."""
        head = head_of(self.journal, job_id)
        assert head is not None
        eta: dict[str, float] | None = head.view()["eta"]
        return eta


def begin(**metadata: Any) -> dict[str, Any]:
    said = {"plan": PLAN, "workflow": "civic", "workflowVersion": "3", **metadata}
    return {"status": "loading_agents", "metadata": {k: v for k, v in said.items() if v is not None}}


def ended(agent: str, **more: Any) -> dict[str, Any]:
    return {"status": "agent_complete", "agentName": agent, **more}


def invoking(agent: str, **more: Any) -> dict[str, Any]:
    return {"status": "agent_invoking", "agentName": agent, **more}


@contextmanager
def in_memory() -> Iterator[World]:
    time = StoppedClock()
    journal: list[MemoryJournal] = []

    def new_journal(estimates: Estimates) -> Journal:
        # One store: the second process's journal is the first one's, asking another process's estimates.
        made = MemoryJournal(clock=time.clock(), estimator=estimates.before_commit)
        if journal:
            made._jobs = journal[0]._jobs
        journal.append(made)
        return made

    yield World(
        new_journal=new_journal, histories=MemoryHistories(), time=time, broadcaster=MemoryBroadcaster()
    )


@contextmanager
def on_dynamo() -> Iterator[World]:
    time = StoppedClock()
    with dynamo_tables() as client:
        yield World(
            new_journal=lambda estimates: DynamoJournal(
                client,
                STATUS_TABLE,
                log_retention_days=7,
                job_retention_days=90,
                clock=time.clock(),
                estimator=estimates.before_commit,
            ),
            histories=DynamoHistories(client, STATUS_TABLE, retention_days=90, clock=time.clock()),
            time=time,
            broadcaster=MemoryBroadcaster(),
        )


@pytest.fixture(params=[in_memory, on_dynamo], ids=["memory", "dynamo"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with request.param() as made:
        yield made


@pytest.fixture(scope="module")
def experience() -> Mapping[str, StepHistory]:
    """The history of jobs of 12 s."""
    with in_memory() as world:
        publisher = world.publisher()
        for number in range(ENOUGH):
            publisher.run(f"earlier-{number}")
        return world.histories.read(CIVIC)


@pytest.fixture
def learnt(world: World, experience: Mapping[str, StepHistory]) -> World:
    """With that experience."""
    world.histories.add(CIVIC, experience)
    return world


def test_a_job_has_an_estimate_from_its_first_status_on(learnt: World) -> None:
    publisher = learnt.publisher()
    publisher.say("job", begin())
    eta = publisher.eta_of("job")
    assert eta is not None
    assert eta["p50"] == pytest.approx(12, rel=0.15)
    assert eta["p50"] <= eta["p90"] < 40
    assert (publisher.last("job").metadata or {})["eta"] == eta


def test_a_publisher_knows_at_once_what_it_has_learnt_itself(world: World) -> None:
    publisher = world.publisher()
    for number in range(MIN_RUNS - 1):
        publisher.run(f"earlier-{number}", load=0, geo=1)
    publisher.say("too soon", begin())
    assert publisher.eta_of("too soon") is None
    publisher.run("the fifth", load=0, geo=1)
    publisher.say("job", begin())
    assert publisher.eta_of("job") is not None


def test_the_estimate_follows_the_job(learnt: World) -> None:
    publisher = learnt.publisher()
    publisher.say("job", begin())
    publisher.wait(2)
    publisher.say("job", ended("Load"))
    after_load = publisher.eta_of("job")
    publisher.wait(9)
    publisher.say("job", invoking("Geo"))
    near_the_end = publisher.eta_of("job")
    assert after_load is not None
    assert near_the_end is not None
    assert after_load["p50"] == pytest.approx(10, rel=0.15)
    assert near_the_end["p50"] < 4


def test_only_the_last_status_of_a_commit_carries_it_and_the_push_too(learnt: World) -> None:
    publisher = learnt.publisher()
    publisher.say("job", begin(), invoking("Load"))
    first, last = publisher.journal.updates(job_key("job"), first=1, last=9)
    assert "eta" not in (first.metadata or {})
    assert set((last.metadata or {})["eta"]) == {"p50", "p90"}
    assert isinstance(learnt.broadcaster, MemoryBroadcaster)
    assert learnt.broadcaster.pushed[-1].metadata == last.metadata


def test_a_late_status_has_an_estimate_from_its_own_time(learnt: World) -> None:
    publisher = learnt.publisher()
    publisher.say("job", begin())
    publisher.wait(2)
    publisher.say("job", ended("Load"))
    expected = publisher.eta_of("job")
    assert expected is not None
    late = invoking("Geo", timestamp=time_of(publisher.now_ms - 1_000))
    publisher.say("job", late)
    told = (publisher.last("job").metadata or {})["eta"]
    seen = publisher.eta_of("job")
    assert seen is not None
    assert told["p50"] == pytest.approx(seen["p50"] + 1)
    assert seen["p50"] == pytest.approx(expected["p50"], abs=1.5)


@pytest.mark.parametrize(
    "opening",
    [
        pytest.param({"workflow": "other"}, id="another workflow"),
        pytest.param({"workflowVersion": "4"}, id="another version"),
        pytest.param({"workflow": None}, id="no workflow"),
        pytest.param({"plan": None}, id="no plan"),
        pytest.param({"plan": ["Unheard of"]}, id="a step nobody has run"),
    ],
)
def test_without_a_history_there_is_no_estimate(learnt: World, opening: dict[str, Any]) -> None:
    publisher = learnt.publisher()
    publisher.say("job", begin(**opening))
    assert publisher.eta_of("job") is None
    assert "eta" not in (publisher.last("job").metadata or {})


def test_tenants_neither_see_nor_move_each_others_histories(learnt: World) -> None:
    north = learnt.publisher()
    for status in (begin(), ended("Load"), ended("Geo"), {"status": "complete"}):
        north.say("north", {**status, "tenantId": "north"})
        north.wait(100)
    slow = {name: StepHistory(counts={200: 1_000}) for name in ("Load", "Geo", "(end)")}
    learnt.histories.add(CIVIC._replace(tenant_id="north"), slow)
    publisher = learnt.publisher()
    publisher.say("job", begin())
    eta = publisher.eta_of("job")
    assert eta is not None
    assert eta["p90"] < 40
    runs = {step.runs for step in learnt.histories.read(CIVIC).values()}
    assert runs == {ENOUGH}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (WorkflowKey("a", "b#c", "d"), WorkflowKey("a", "b", "c#d")),
        (WorkflowKey("a", "b%23c", "d"), WorkflowKey("a", "b#c", "d")),
        (WorkflowKey("a", "b", ""), WorkflowKey("a", "b#", "")),
        (WorkflowKey("a#b", "c", ""), WorkflowKey("a", "b#c", "")),
    ],
)
def test_no_two_workflows_share_a_history(world: World, one: WorkflowKey, other: WorkflowKey) -> None:
    world.histories.add(one, {"s": StepHistory().observed(1.0)})
    assert set(world.histories.read(one)) == {"s"}
    assert world.histories.read(other) == {}


def test_a_completed_job_counts_once_however_often_its_end_is_delivered(learnt: World) -> None:
    publishers = [learnt.publisher() for _ in range(3)]
    for publisher in publishers:
        publisher.say("job", begin(), ended("Load"), ended("Geo"), {"status": "complete"}, batch_id="all")
        publisher.say("job", {"status": "complete", "message": "again"}, batch_id="again")
    assert {step.runs for step in learnt.histories.read(CIVIC).values()} == {ENOUGH + 1}


def test_a_job_that_failed_counts_when_it_completes_after_all(world: World) -> None:
    publisher = world.publisher()
    publisher.say("job", begin(), ended("Load"), {"status": "error"})
    assert world.histories.read(CIVIC) == {}
    publisher.say("job", {"status": "reopened", "attempt": 2}, ended("Geo"))
    publisher.say("job", {"status": "complete", "attempt": 2})
    assert {name: step.runs for name, step in world.histories.read(CIVIC).items()} == {
        "(end)": 1,
        "Geo": 1,
        "Load": 1,
    }


def test_publishers_that_learn_at_the_same_time_lose_nothing(world: World) -> None:
    def learn(number: int) -> None:
        world.histories.add(CIVIC, {"Load": StepHistory(counts={number % 3: 1}, compared=1, likeness=-7)})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(learn, range(40)))
    found = world.histories.read(CIVIC)["Load"]
    assert (found.runs, found.compared, found.likeness) == (40, 40, -280)


def test_a_publisher_that_dies_before_it_has_learnt_leaves_the_job_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class DeadError(Exception):
        pass

    def dies(_: Estimates, __: Change) -> None:
        raise DeadError

    publisher = world.publisher()
    whole = (begin(), ended("Load"), ended("Geo"), {"status": "complete"})
    with monkeypatch.context() as patch:
        patch.setattr(Estimates, "learn", dies)
        with pytest.raises(DeadError):
            publisher.say("job", *whole, batch_id="all")
    world.publisher().say("job", *whole, batch_id="all")
    assert world.histories.read(CIVIC) == {}


def test_a_job_counts_although_its_last_push_failed(world: World) -> None:
    class Silent:
        def push(self, update: StatusUpdate) -> None:
            raise BroadcastError("HTTP 503", code="http_503", retriable=True)

    world.broadcaster = Silent()
    with pytest.raises(BroadcastError):
        world.publisher().say("job", begin(), ended("Load"), ended("Geo"), {"status": "complete"})
    assert world.histories.read(CIVIC)["Geo"].runs == 1


def test_a_redelivered_batch_keeps_its_first_estimate(learnt: World) -> None:
    publisher = learnt.publisher()
    said = begin() | {"timestamp": time_of(publisher.now_ms)}
    publisher.say("job", said, batch_id="first")
    first = publisher.last("job")
    publisher.wait(HISTORY_SECONDS)
    publisher.run("slow", load=50, geo=500)
    learnt.publisher().say("job", said, batch_id="first")
    assert isinstance(learnt.broadcaster, MemoryBroadcaster)
    assert learnt.broadcaster.pushed[-1] == first == publisher.last("job")


def test_an_estimate_of_the_caller_is_kept(learnt: World) -> None:
    publisher = learnt.publisher()
    publisher.say("job", begin(eta={"p50": 3, "p90": 4}))
    assert publisher.eta_of("job") == {"p50": 3.0, "p90": 4.0}


def test_a_status_at_its_limits_has_an_estimate_too(learnt: World) -> None:
    publisher = learnt.publisher()
    publisher.say("job", begin())
    full = {"x": "y" * (METADATA_BYTES - len('{"x":""}'))}
    publisher.say("job", invoking("Load", metadata=full))
    told = dict(publisher.last("job").metadata or {})
    assert told.pop("eta") is not None
    assert told == full


class Broken:
    """Histories that don't answer."""

    def read(self, workflow: WorkflowKey) -> Mapping[str, StepHistory]:
        raise JournalError("throttled", code="ThrottlingException", retriable=True)

    def add(self, workflow: WorkflowKey, increments: Mapping[str, StepHistory]) -> None:
        raise JournalError("throttled", code="ThrottlingException", retriable=True)


def test_histories_that_do_not_answer_fail_no_commit(learnt: World, caplog: pytest.LogCaptureFixture) -> None:
    publisher = learnt.publisher(Broken())
    publisher.run("job")
    assert publisher.last("job").status == "complete"
    assert "code=<ThrottlingException> | no estimate" in caplog.text
    assert "code=<ThrottlingException> | not in the history" in caplog.text


# --- what it costs


class Counting:
    """Histories, and how often they are read."""

    def __init__(self, histories: Histories) -> None:
        self._histories = histories
        self.reads = 0

    def read(self, workflow: WorkflowKey) -> Mapping[str, StepHistory]:
        self.reads += 1
        return self._histories.read(workflow)

    def add(self, workflow: WorkflowKey, increments: Mapping[str, StepHistory]) -> None:
        self._histories.add(workflow, increments)


def test_a_history_is_read_once_a_minute_for_any_number_of_commits(learnt: World) -> None:
    counting = Counting(learnt.histories)
    publisher = learnt.publisher(counting)
    for number in range(4):
        publisher.say(f"job-{number}", begin())
        publisher.say(f"job-{number}", invoking("Load"))
    assert counting.reads == 1
    publisher.wait(HISTORY_SECONDS)
    publisher.say("job", begin())
    assert counting.reads == 2


def test_a_workflow_without_a_history_is_not_requested_again_and_again(world: World) -> None:
    counting = Counting(world.histories)
    publisher = world.publisher(counting)
    for number in range(4):
        publisher.say(f"job-{number}", begin())
    assert counting.reads == 1


@dataclass
class Watched:
    """A process whose reads of whole jobs are counted."""

    estimates: Estimates
    journal: MemoryJournal
    snapshots: int = 0

    def ask(self, before_and_after: Change) -> object:
        return self.estimates.before_commit(self._snapshot, before_and_after.before, before_and_after.after)

    def _snapshot(self, job: JobKey) -> Any:
        self.snapshots += 1
        return self.journal.snapshot(job)


def test_a_job_that_others_commit_to_is_read_once_in_a_while() -> None:
    with in_memory() as world:
        publisher = world.publisher()
        for number in range(ENOUGH):
            publisher.run(f"earlier-{number}")
        assert isinstance(publisher.journal, MemoryJournal)
        other = Watched(Estimates(world.histories, clock=world.time.clock()), publisher.journal)
        unknowing = world.publisher(MemoryHistories())
        unknowing.say("job", begin())
        for _ in range(10 * REFRESH_SECONDS):
            unknowing.wait(0.1)
            before = publisher.journal.snapshot(job_key("job"))
            unknowing.say("job", invoking("Load"))
            after = publisher.journal.snapshot(job_key("job"))
            assert after is not None
            other.ask(Change(before=before, after=after, entries=()))
    assert 1 <= other.snapshots <= 2


def test_a_process_that_commits_itself_learns_and_estimates_too() -> None:
    settings = PublisherSettings(
        appsync_api_url="https://example.test/graphql",
        appsync_api_id="api",
        user_sessions_table=SESSIONS_TABLE,
        status_table=STATUS_TABLE,
    )
    with dynamo_tables():
        pipeline = direct_pipeline(settings)  # on the machine's clock, so what is said is of just now
        publisher = Publisher(pipeline, pipeline.journal, StoppedClock(time.time() - 600))
        for number in range(ENOUGH):
            publisher.run(f"earlier-{number}")
        publisher.say("job-1", begin())
        eta = publisher.eta_of("job-1")
    assert eta is not None
    assert eta["p50"] == pytest.approx(12, rel=0.2)
