"""The behaviour of every Journal and every SessionStore: one list of cases, each adapter one line of
parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statusbeam.log.journal.audience import Audience
from statusbeam.log.journal.batch import Batch
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.log.journal.dynamo_sessions import DynamoSessionStore
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemorySessionStore
from statusbeam.log.publishing.payload import batches, parse_payload
from statusbeam.log.publishing.ports import Journal, SessionStore
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.times import time_of
from statusbeam.model import limits
from statusbeam.model.errors import ForeignOwnerError, InvalidStatusError
from statusbeam.model.job_key import JobKey
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import OverallStatus
from tests.soak.table import MemoryTable
from tests.unit.dynamo_tables import SESSIONS_TABLE, STATUS_TABLE, dynamo_tables, put_session
from tests.unit.samples import NOW, StoppedClock, batch, batch_of, entry, head_of, job_key
from tests.unit.statusbeam.log.snapshot.fold_cases import logs

SOON = NOW + 20
DAY = limits.DAY_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A journal, its clock, and another process's journal on the same store."""

    journal: Journal
    other: Journal
    time: StoppedClock


@contextmanager
def in_memory() -> Iterator[Setup]:
    time = StoppedClock()
    journal = MemoryJournal(log_retention_days=7, job_retention_days=90, clock=time.clock())
    yield Setup(journal=journal, other=journal, time=time)


@contextmanager
def on_dynamo() -> Iterator[Setup]:
    time = StoppedClock()
    with dynamo_tables() as client:
        journal, other = (
            DynamoJournal(
                client, STATUS_TABLE, log_retention_days=7, job_retention_days=90, clock=time.clock()
            )
            for _ in range(2)
        )
        yield Setup(journal=journal, other=other, time=time)


@contextmanager
def on_a_table_in_memory() -> Iterator[Setup]:
    """The soak test's table: it must behave as moto's does."""
    time = StoppedClock()
    table: Any = MemoryTable()
    journal, other = (
        DynamoJournal(table, STATUS_TABLE, log_retention_days=7, job_retention_days=90, clock=time.clock())
        for _ in range(2)
    )
    yield Setup(journal=journal, other=other, time=time)


@pytest.fixture(
    params=[in_memory, on_dynamo, on_a_table_in_memory], ids=["memory", "dynamo", "table in memory"]
)
def setup(request: pytest.FixtureRequest) -> Iterator[Setup]:
    make: Callable[[], AbstractContextManager[Setup]] = request.param
    with make() as made:
        yield made


WITHOUT_MOTO = pytest.mark.parametrize(
    "setup", [in_memory, on_a_table_in_memory], ids=["memory", "table in memory"], indirect=True
)
"""For hundreds of statuses: moto copies all of its table for each transaction. What a transaction may hold
is tried on it with a full commit, and the soak runs on it as well."""


def log(journal: Journal, job_id: str = "job-1") -> tuple[StatusUpdate, ...]:
    return journal.updates(job_key(job_id), first=1, last=1_000)


def sequences(updates: tuple[StatusUpdate, ...]) -> list[int | None]:
    return [update.sequence for update in updates]


def test_a_jobs_statuses_are_numbered_from_one_without_gaps(setup: Setup) -> None:
    first = setup.journal.commit(batch("b1", 2), deadline=SOON)
    second = setup.journal.commit(batch("b2", 3), deadline=SOON)
    assert sequences(first.updates) == [1, 2]
    assert sequences(second.updates) == [3, 4, 5]
    assert log(setup.journal) == first.updates + second.updates


def test_each_job_has_its_own_numbers(setup: Setup) -> None:
    setup.journal.commit(batch("b1", 2), deadline=SOON)
    other = setup.journal.commit(batch("b1", 1, jobId="job-2"), deadline=SOON)
    assert sequences(other.updates) == [1]


def test_a_committed_status_is_read_back_unchanged(setup: Setup) -> None:
    whole = batch(
        "b1",
        qualifiedStatus="own",
        invocationId="geo-1",
        parentInvocationId="root",
        attempt=2,
        toolName="map",
        progress=33.333,
        etaSeconds=0.5,
        executionTimeMs=840,
        metadata={"street": "Elm Street", "at": [1, None, {"ä": 0.1}]},
    )
    commit = setup.journal.commit(whole, deadline=SOON)
    assert log(setup.journal) == commit.updates == (whole.updates[0].numbered(1),)


def test_a_part_of_the_log_can_be_read(setup: Setup) -> None:
    setup.journal.commit(batch("b1", 5), deadline=SOON)
    assert sequences(setup.journal.updates(job_key(), first=2, last=4)) == [2, 3, 4]
    assert setup.journal.updates(job_key(), first=6, last=5) == ()
    assert setup.journal.updates(job_key("job-2"), first=1, last=5) == ()


def test_a_redelivered_batch_is_a_no_op_with_the_same_result(setup: Setup) -> None:
    first = setup.journal.commit(batch("b1", 2), deadline=SOON)
    setup.journal.commit(batch("b2", 1), deadline=SOON)
    again = setup.journal.commit(batch("b1", 2), deadline=SOON)
    assert again.redelivered
    assert again.updates == first.updates
    assert sequences(log(setup.journal)) == [1, 2, 3]


def test_a_batch_redelivered_to_another_publisher_is_a_no_op_too(setup: Setup) -> None:
    first = setup.journal.commit(batch("b1", 2), deadline=SOON)
    assert setup.other.commit(batch("b1", 2), deadline=SOON).updates == first.updates
    assert sequences(log(setup.journal)) == [1, 2]


def test_a_redelivery_keeps_the_first_deliverys_timestamp(setup: Setup) -> None:
    payload = {"batchId": "b1", "updates": [entry()]}
    for now in (NOW, NOW + 60):
        ((delivered,),) = batches(parse_payload(payload, batch_id="r", now=now))
        commit = setup.journal.commit(delivered, deadline=SOON)
    assert commit.updates[0].timestamp == "2026-11-20T08:30:00.000Z"


def test_a_batch_id_used_for_other_statuses_is_refused_not_swallowed(setup: Setup) -> None:
    setup.journal.commit(batch("b1", message="one"), deadline=SOON)
    with pytest.raises(InvalidStatusError) as refused:
        setup.journal.commit(batch("b1", message="two"), deadline=SOON)
    assert (refused.value.field, refused.value.code) == ("batchId", "batch_reused")


def test_a_batch_is_known_for_three_weeks_and_longer_than_its_log(setup: Setup) -> None:
    setup.journal.commit(batch("b1", 2), deadline=SOON)
    setup.time.time += limits.MARKER_SECONDS - 1
    again = setup.journal.commit(batch("b1", 2), deadline=setup.time.time + 20)
    assert (again.redelivered, again.updates) == (True, ())
    setup.time.time += 1
    later = setup.journal.commit(batch("b1", 2), deadline=setup.time.time + 20)
    assert (later.redelivered, sequences(later.updates)) == (False, [3, 4])


def test_a_batch_of_another_length_is_no_redelivery_of_what_has_expired(setup: Setup) -> None:
    setup.journal.commit(batch("b1", 2), deadline=SOON)
    setup.time.time += 8 * DAY
    with pytest.raises(InvalidStatusError, match="was used for other statuses"):
        setup.journal.commit(batch("b1", 3), deadline=setup.time.time + 20)


def test_a_marker_does_not_outlive_its_job() -> None:
    time = StoppedClock()
    journal = MemoryJournal(log_retention_days=2, job_retention_days=3, clock=time.clock())
    with dynamo_tables() as client:
        table = DynamoJournal(
            client, STATUS_TABLE, log_retention_days=2, job_retention_days=3, clock=time.clock()
        )
        stores: tuple[Journal, ...] = (journal, table)
        for store in stores:
            store.commit(batch("b1"), deadline=SOON)
        time.time += 4 * DAY + 1
        for store in stores:
            again = store.commit(batch("b1"), deadline=time.time + 20)
            assert (again.redelivered, sequences(again.updates)) == (False, [1])


# only if open


def closing(batch_id: str, **changes: Any) -> Batch:
    return replace(batch(batch_id, agentName=None, status="error", **changes), only_if_open=True)


def test_an_ended_job_skips_a_final_status(setup: Setup) -> None:
    setup.journal.commit(batch("b1", agentName=None, status="complete"), deadline=SOON)
    passed = setup.journal.commit(closing("b2"), deadline=SOON)
    assert (passed.skipped, passed.updates, passed.change) == (True, (), None)
    assert sequences(log(setup.journal)) == [1]


def test_a_job_that_is_open_or_has_not_begun_takes_it(setup: Setup) -> None:
    for job_id in ("job-1", "job-2"):
        assert not setup.journal.commit(closing("b2", jobId=job_id), deadline=SOON).skipped
        setup.journal.commit(batch("b1", jobId="job-2"), deadline=SOON)
    assert [len(log(setup.journal, job_id)) for job_id in ("job-1", "job-2")] == [1, 2]


def test_a_repeated_final_status_of_a_closed_job_is_a_redelivery(setup: Setup) -> None:
    setup.journal.commit(batch("b1"), deadline=SOON)
    closed = setup.journal.commit(closing("b2"), deadline=SOON)
    setup.journal.commit(batch("b3"), deadline=SOON)
    for journal in (setup.journal, setup.other):
        again = journal.commit(closing("b2"), deadline=SOON)
        assert (again.updates, again.redelivered) == (closed.updates, True)


def test_a_publishers_cache_never_skips_a_status(setup: Setup) -> None:
    """Failed, as this one left it; taken up again by another since."""
    setup.journal.commit(batch("b1", agentName=None, status="error"), deadline=SOON)
    setup.other.commit(batch("b2", agentName=None, status="reopened", attempt=2), deadline=SOON)
    assert not setup.journal.commit(closing("b3"), deadline=SOON).skipped
    head = head_of(setup.journal, "job-1")
    assert head is not None
    assert (head.overall_status, head.attempt) == (OverallStatus.FAILED, 2)


# only if waiting

ASKS = {"waiting": {"for": "approval", "answerable": True}}


def answer(batch_id: str, **changes: Any) -> Batch:
    return replace(batch(batch_id, status="answered", **changes), only_if_waiting=True)


@pytest.mark.parametrize("who", [{}, {"agentName": None}], ids=["an agent", "the job"])
def test_the_first_of_two_answers_to_a_wait_counts(setup: Setup, who: dict[str, Any]) -> None:
    setup.journal.commit(batch("b1", status="waiting", metadata=ASKS, **who), deadline=SOON)
    taken = setup.journal.commit(answer("b2", **who), deadline=SOON)
    late = setup.other.commit(answer("b3", **who), deadline=SOON)
    assert (taken.skipped, late.skipped) == (False, True)
    assert sequences(log(setup.journal)) == [1, 2]


@pytest.mark.parametrize(
    "before",
    [
        pytest.param([], id="a job that has not begun"),
        pytest.param([{"status": "agent_invoking"}], id="an agent that works"),
        pytest.param(
            [{"status": "waiting", "metadata": {"waiting": {"for": "timer"}}}], id="a wait for something else"
        ),
        pytest.param(
            [{"status": "waiting", "metadata": ASKS, "agentName": "Other Agent"}], id="another agent's wait"
        ),
        pytest.param(
            [{"status": "waiting", "metadata": ASKS}, {"status": "cancelled", "agentName": None}],
            id="a wait that the end of its job left open",
        ),
    ],
)
def test_an_answer_that_nothing_waits_for_is_skipped(setup: Setup, before: list[dict[str, Any]]) -> None:
    for number, changes in enumerate(before):
        setup.journal.commit(batch(f"b{number}", **changes), deadline=SOON)
    assert setup.journal.commit(answer("late"), deadline=SOON).skipped
    assert len(log(setup.journal)) == len(before)


def test_a_status_for_another_users_job_is_refused_and_changes_nothing(setup: Setup) -> None:
    setup.journal.commit(batch("b1"), deadline=SOON)
    before = head_of(setup.journal, "job-1")
    with pytest.raises(ForeignOwnerError) as refused:
        setup.other.commit(batch("b2", userId="ben"), deadline=SOON)
    assert refused.value.job_id == "job-1"
    assert head_of(setup.journal, "job-1") == before
    assert sequences(log(setup.journal)) == [1]


def test_tenants_that_use_the_same_job_and_batch_ids_have_jobs_of_their_own(setup: Setup) -> None:
    for tenant, user in (("city", "ana"), ("village", "ben"), ("city", "ana")):
        for journal in (setup.journal, setup.other):
            journal.commit(batch("b1", 2, tenantId=tenant, userId=user, message=tenant), deadline=SOON)
    setup.journal.commit(batch("b2", tenantId="village", userId="ben"), deadline=SOON)
    city, village = job_key(), job_key(tenant_id="village")
    for job, length, user in ((city, 2, "ana"), (village, 3, "ben")):
        statuses = setup.other.updates(job, first=1, last=9)
        assert sequences(statuses) == list(range(1, length + 1))
        assert {(update.tenant_id, update.user_id) for update in statuses} == {(job.tenant_id, user)}
        snapshot = setup.other.snapshot(job)
        assert snapshot is not None
        assert (snapshot.head.key, snapshot.head.user_id) == (job, user)
        assert snapshot == fold(statuses, epoch=snapshot.head.epoch)
    assert setup.other.snapshot(job_key(tenant_id="hamlet")) is None


@pytest.mark.parametrize("job_id", ["#", "a#b", "%23", "a%23b", "HEAD", "village#job"])
def test_no_job_id_reaches_into_another_tenant(setup: Setup, job_id: str) -> None:
    commit = setup.journal.commit(batch("b1", jobId=job_id), deadline=SOON)
    assert setup.journal.updates(job_key(job_id), first=1, last=9) == commit.updates
    for other in (job_id.replace("%23", "#"), job_id.replace("#", "%23"), job_id.rpartition("#")[2]):
        if other != job_id:
            assert setup.other.snapshot(job_key(other)) is None
            tenant, _, rest = job_id.rpartition("#")
            assert setup.other.snapshot(JobKey(f"city#{tenant}", rest)) is None


def test_refused_statuses_are_not_in_the_log(setup: Setup) -> None:
    setup.journal.commit(batch("b1"), deadline=SOON)
    setup.journal.keep_refused(batch("b2", 2, userId="ben"))
    assert sequences(log(setup.journal)) == [1]


def test_the_head_has_the_jobs_state(setup: Setup) -> None:
    assert head_of(setup.journal, "job-1") is None
    first = batch("b1", agentName=None, status="loading_agents", timestamp="2026-11-20T08:00:00Z")
    setup.journal.commit(first, deadline=SOON)
    started = head_of(setup.journal, "job-1")
    last = batch("b2", agentName=None, status="complete", timestamp="2026-11-20T09:00:00Z")
    setup.journal.commit(last, deadline=SOON)
    ended = head_of(setup.journal, "job-1")
    assert started is not None
    assert ended is not None
    assert (started.tenant_id, started.user_id, started.sequence) == ("city", "ana", 1)
    assert started.overall_status is OverallStatus.INITIALIZING
    assert (ended.sequence, ended.overall_status) == (2, OverallStatus.COMPLETED)
    assert ended.epoch == started.epoch
    assert time_of(ended.created_ms) == "2026-11-20T08:00:00.000Z"
    assert time_of(ended.updated_ms) == "2026-11-20T09:00:00.000Z"


def folded_log(journal: Journal, job_id: str = "job-1") -> Job:
    """The expected snapshot."""
    head = head_of(journal, job_id)
    assert head is not None
    return fold(log(journal, job_id), epoch=head.epoch)


_job_numbers = count(1)


@WITHOUT_MOTO
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(updates=logs, lengths=st.lists(st.integers(1, 6), min_size=28, max_size=28))
def test_after_every_commit_the_snapshot_is_the_fold_of_the_log(
    setup: Setup, updates: list[StatusUpdate], lengths: list[int]
) -> None:
    job_id = f"drawn-{next(_job_numbers)}"
    left = [replace(update, job_id=job_id, tenant_id="city", sequence=None) for update in updates]
    for number, length in enumerate(lengths):
        part, left = left[:length], left[length:]
        if part:
            group = batch_of(part, f"b{number}")
            (setup.journal, setup.other)[number // 2 % 2].commit(group, deadline=SOON)
            assert setup.other.snapshot(job_key(job_id)) == folded_log(setup.other, job_id)


def test_a_job_without_a_status_has_no_snapshot(setup: Setup) -> None:
    assert setup.journal.snapshot(job_key()) is None


def test_a_redelivered_batch_leaves_the_snapshot_unchanged(setup: Setup) -> None:
    for _ in range(2):
        setup.journal.commit(batch("b1", 2, metadata={"tokenUsage": {"inputTokens": 7}}), deadline=SOON)
    snapshot = setup.journal.snapshot(job_key())
    assert snapshot is not None
    assert snapshot == folded_log(setup.journal)
    assert snapshot.head.tokens == (7, 0)


@WITHOUT_MOTO
def test_a_plan_as_long_as_it_may_be_is_accepted_completely(setup: Setup) -> None:
    plan = [{"name": f"Agent {number}"} for number in range(limits.STEPS_PER_PLAN)]
    payload = {
        "batchId": "b1",
        "updates": [entry(agentName=None, status="loading_agents", metadata={"plan": plan})]
        + [entry(agentName=f"Agent {n % 50}", invocationId=f"run-{n}") for n in range(60)],
    }
    ((*parts,),) = batches(parse_payload(payload, batch_id="r", now=NOW))
    for part in parts:
        setup.journal.commit(part, deadline=SOON)
    snapshot = setup.journal.snapshot(job_key())
    assert snapshot is not None
    assert snapshot == folded_log(setup.journal)
    assert len(snapshot.shown_agents) == 60


def test_a_job_id_used_again_begins_without_the_agents_of_before(setup: Setup) -> None:
    setup.journal.commit(batch("b1", agentName="Old Agent"), deadline=SOON)
    setup.journal.commit(batch("b2", metadata={"tokenUsage": {"inputTokens": 7}}), deadline=SOON)
    setup.time.time += 92 * DAY
    setup.journal.commit(batch("b3", userId="ben"), deadline=SOON + 100 * DAY)
    snapshot = setup.journal.snapshot(job_key())
    assert snapshot is not None
    assert snapshot == folded_log(setup.journal)
    assert (list(snapshot.agents), snapshot.head.tokens) == (["Geo Agent"], (0, 0))


def test_a_full_commit_is_accepted_completely(setup: Setup) -> None:
    commit = setup.journal.commit(batch("b1", limits.UPDATES_PER_COMMIT), deadline=SOON)
    assert log(setup.journal) == commit.updates


@WITHOUT_MOTO
def test_a_long_payload_keeps_its_order_over_several_commits_and_redeliveries(setup: Setup) -> None:
    many = 2 * limits.UPDATES_PER_COMMIT + 3
    payload = {"batchId": "b1", "updates": [entry(message=str(n)) for n in range(many)]}
    for delivered_twice in range(2):
        ((*group,),) = batches(parse_payload(payload, batch_id="r", now=NOW))
        commits = [setup.journal.commit(part, deadline=SOON) for part in group]
        assert [commit.redelivered for commit in commits] == [bool(delivered_twice)] * 3
    assert [int(update.message) for update in log(setup.journal)] == list(range(many))
    assert sequences(log(setup.journal)) == list(range(1, many + 1))


def test_two_publishers_taking_turns_leave_no_gap(setup: Setup) -> None:
    for n in range(6):
        (setup.journal if n % 2 else setup.other).commit(batch(f"b{n}"), deadline=SOON)
    assert sequences(log(setup.journal)) == [1, 2, 3, 4, 5, 6]


def test_the_log_expires_before_the_job(setup: Setup) -> None:
    setup.journal.commit(batch("b1"), deadline=SOON)
    setup.time.time += 7 * DAY + 1
    assert log(setup.journal) == ()
    head = head_of(setup.journal, "job-1")
    assert head is not None
    assert head.sequence == 1


def test_a_job_id_used_again_after_its_time_is_another_job(setup: Setup) -> None:
    setup.journal.commit(batch("b1", 2), deadline=SOON)
    before = head_of(setup.journal, "job-1")
    setup.time.time += 92 * DAY
    assert head_of(setup.journal, "job-1") is None
    again = setup.journal.commit(batch("b2", userId="ben"), deadline=SOON + 100 * DAY)
    head = head_of(setup.journal, "job-1")
    assert before is not None
    assert head is not None
    assert sequences(again.updates) == [1]
    assert head.user_id == "ben"
    assert head.epoch != before.epoch


def flood(batch_id: str, count: int) -> Batch:
    return batch(batch_id, count, status="progress")


@WITHOUT_MOTO
def test_two_publishers_share_a_jobs_limit(setup: Setup) -> None:
    journals = (setup.journal, setup.other)
    commits = [journals[n % 2].commit(flood(f"b{n}", 45), deadline=SOON) for n in range(6)]
    assert [len(commit.updates) for commit in commits] == [45, 45, 45, 45, 20, 0]
    assert [commit.shed for commit in commits] == [0, 0, 0, 0, 25, 45]
    assert sequences(log(setup.journal)) == list(range(1, limits.JOB_BURST + 1))
    setup.time.time += 2
    again = setup.other.commit(flood("b6", 45), deadline=SOON)
    assert (len(again.updates), again.shed) == (2 * limits.JOB_STATUSES_PER_SECOND, 5)
    assert setup.journal.snapshot(job_key()) == folded_log(setup.journal)


@WITHOUT_MOTO
def test_a_batch_dropped_by_a_limit_is_recognised_at_its_redelivery(setup: Setup) -> None:
    for n in range(5):
        setup.journal.commit(flood(f"b{n}", 45), deadline=SOON)
    setup.time.time += 60
    again = setup.other.commit(flood("b4", 45), deadline=SOON + 60)
    assert (again.redelivered, len(again.updates), again.shed) == (True, 20, 25)
    assert len(log(setup.journal)) == limits.JOB_BURST


def test_a_batch_id_used_again_for_less_is_refused(setup: Setup) -> None:
    setup.journal.commit(flood("b1", 3), deadline=SOON)
    with pytest.raises(InvalidStatusError) as refused:
        setup.journal.commit(flood("b1", 2), deadline=SOON)
    assert refused.value.code == "batch_reused"


def test_attributes_beside_a_log_entry_are_not_in_its_status(setup: Setup) -> None:
    first, second = batch("b1", 2).entries
    second = replace(second, attributes={"operatorDetail": "{}", "detailKey": "k"})
    commit = setup.journal.commit(Batch(batch_id="b1", entries=(first, second)), deadline=SOON)
    assert log(setup.journal) == commit.updates


class OpenSession(Protocol):
    """Opens a session of a user, or of an operator (None)."""

    def __call__(
        self, tenant_id: str, user_id: str | None, connection_id: str, until: int, joined: bool | None = None
    ) -> None: ...


@contextmanager
def sessions_in_memory() -> Iterator[tuple[SessionStore, OpenSession]]:
    store = MemorySessionStore()

    def open_session(
        tenant_id: str, user_id: str | None, connection_id: str, until: int, joined: bool | None = None
    ) -> None:
        store.open(tenant_id, user_id, connection_id, until=until, joined=bool(joined))

    yield store, open_session


@contextmanager
def sessions_on_dynamo() -> Iterator[tuple[SessionStore, OpenSession]]:
    with dynamo_tables() as client:

        def open_session(
            tenant_id: str, user_id: str | None, connection_id: str, until: int, joined: bool | None = None
        ) -> None:
            watcher = "#tenant" if user_id is None else user_id
            put_session(client, tenant_id, f"{watcher}#{connection_id}", until, joined=joined)

        yield DynamoSessionStore(client, SESSIONS_TABLE), open_session


@pytest.fixture(params=[sessions_in_memory, sessions_on_dynamo], ids=["memory", "dynamo"])
def sessions(request: pytest.FixtureRequest) -> Iterator[tuple[SessionStore, OpenSession]]:
    make: Callable[[], AbstractContextManager[tuple[SessionStore, OpenSession]]] = request.param
    with make() as made:
        yield made


LATER = int(NOW) + 60
WATCHED = [
    # sessions (tenant, user, connection, until), is ana of city watched?
    ([], False),
    ([("city", "ana", "c1", LATER)], True),
    ([("city", None, "c1", LATER)], True),  # an operator of the tenant
    ([("city", "ben", "c1", LATER)], False),
    ([("village", "ana", "c1", LATER)], False),
    ([("village", None, "c1", LATER)], False),
    ([("city", "anabel", "c1", LATER)], False),  # a name that begins alike
    ([("city", "ana", "c1", int(NOW))], False),  # over, but not taken by TTL yet
    ([("city", "ana", "c1", int(NOW) - 60), ("city", "ana", "c2", LATER)], True),
    ([("city", "ana", f"c{n:03}", int(NOW) - 60) for n in range(60)], False),
    # a page and more of expired sessions before the live one
    ([*(("city", "ana", f"c{n:03}", int(NOW) - 60) for n in range(60)), ("city", "ana", "d", LATER)], True),
]


@pytest.mark.parametrize("of_several", [False, True])
@pytest.mark.parametrize(("open_sessions", "watched"), WATCHED)
def test_a_job_is_watched_while_its_user_or_an_operator_has_a_live_session(
    sessions: tuple[SessionStore, OpenSession],
    open_sessions: list[tuple[str, str | None, str, int]],
    watched: bool,
    of_several: bool,
) -> None:
    store, open_session = sessions
    for session in open_sessions:
        open_session(*session)
    found = store.audience("city", "ana", now=NOW, of_several=of_several)
    assert (found is not Audience.NOBODY) is watched


KINDS = [
    # sessions (tenant, user, connection, until, joined), the audience of several statuses of ana of city
    ([("city", "ana", "c1", LATER, True)], Audience.JOINED),
    ([("city", None, "c1", LATER, True)], Audience.JOINED),
    ([("city", "ana", "c1", LATER, True), ("city", None, "c1", LATER, True)], Audience.JOINED),
    ([("city", "ana", "c1", LATER, None)], Audience.PLAIN),  # nothing noted
    ([("city", "ana", "c1", LATER, False)], Audience.PLAIN),
    ([("city", "ana", "c1", LATER, True), ("city", "ana", "c2", LATER, False)], Audience.PLAIN),
    ([("city", "ana", "c1", LATER, True), ("city", None, "c1", LATER, None)], Audience.PLAIN),  # an operator
    ([("city", "ana", "c1", LATER, True), ("city", "ana", "c2", int(NOW), None)], Audience.JOINED),  # over
    ([("city", "ana", "c1", LATER, True), ("city", "ben", "c1", LATER, None)], Audience.JOINED),
    ([("city", "ana", "c1", LATER, True), ("village", None, "c1", LATER, None)], Audience.JOINED),
    # the plain one is the last of many
    (
        [*(("city", "ana", f"c{n:03}", LATER, True) for n in range(60)), ("city", "ana", "d", LATER, None)],
        Audience.PLAIN,
    ),
]


@pytest.mark.parametrize(("open_sessions", "audience"), KINDS)
def test_a_plain_session_makes_the_audience_plain(
    sessions: tuple[SessionStore, OpenSession],
    open_sessions: list[tuple[str, str | None, str, int, bool | None]],
    audience: Audience,
) -> None:
    store, open_session = sessions
    for session in open_sessions:
        open_session(*session)
    assert store.audience("city", "ana", now=NOW, of_several=True) is audience


def test_a_closed_session_in_memory_no_longer_watches() -> None:
    store = MemorySessionStore()
    store.open("city", "ana", "c1", until=LATER)
    store.close("city", "ana", "c1")
    assert store.audience("city", "ana", now=NOW, of_several=False) is Audience.NOBODY
