"""What a load takes of each quota, held to what the client, the journal and the formula do."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bridge_reads import watched_for_an_hour
from statusbeam.cli.capacity.aws_quotas import ALL, QUOTAS
from statusbeam.cli.capacity.scenarios import uses
from statusbeam.cli.capacity.traffic import (
    BRIDGE_READ_UNITS,
    INDEX_UNITS_OF_STATE,
    JOIN_CHECKS,
    JOIN_READS,
    STREAMS,
    Traffic,
    bridge_read_units,
    check_interval,
    demands,
)
from statusbeam.cli.cost_model import Load, bill, commits
from statusbeam.client.join import AskPosition, Join, ReadPage, SetTimer, Timing
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.model.settings import StatusTable
from tests.documents import ROOT
from tests.unit.dynamo_tables import STATUS_TABLE, dynamo_tables
from tests.unit.samples import batch_of, update

TRAFFIC = Traffic(jobs_per_second=50, watchers=4_000, tenants=10)
loads = st.builds(
    Load,
    jobs=st.just(1),
    statuses=st.integers(1, 200),
    agents=st.integers(0, 20),
    batch=st.integers(1, 20),
    minutes=st.floats(0.1, 300),
    plain=st.booleans(),
    event_buses=st.integers(0, 2),
)
traffic = st.builds(
    Traffic,
    jobs_per_second=st.floats(0.01, 10_000),
    watchers=st.integers(0, 1_000_000),
    job=loads,
    tenants=st.integers(1, 1_000),
    workflows=st.integers(1, 10),
    crowd=st.booleans(),
    bridge_tasks=st.integers(0, 100),
    step_functions=st.booleans(),
)


@given(traffic, st.floats(1, 10))
def test_more_jobs_never_take_less_of_a_quota(traffic: Traffic, times: float) -> None:
    more = demands(replace(traffic, jobs_per_second=traffic.jobs_per_second * times))
    for name, demand in demands(traffic).items():
        assert more[name] >= demand * (1 - 1e-9)


@given(traffic, st.integers(0, 100_000))
def test_more_watchers_never_take_less_of_a_quota(traffic: Traffic, more: int) -> None:
    grown = demands(replace(traffic, watchers=traffic.watchers + more))
    for name, demand in demands(traffic).items():
        # Except for the publisher's look for watchers: it is cheaper where it finds one.
        assert name == "tenant-session-reads" or grown[name] >= demand * (1 - 1e-9)


@given(traffic, st.sampled_from([quota.name for quota in QUOTAS]), st.floats(1, 10))
def test_a_larger_quota_never_lowers_the_load_that_fits(traffic: Traffic, name: str, times: float) -> None:
    (value,) = [quota.value for quota in QUOTAS if quota.name == name]
    granted = {name: value * times}
    # The load fits `1 / share` times.
    assert uses(traffic, granted)[0].share <= uses(traffic, {})[0].share


@given(traffic, st.integers(2, 20))
def test_tenants_divide_only_what_each_has_of_its_own(traffic: Traffic, tenants: int) -> None:
    alone, shared = (demands(replace(traffic, tenants=n, crowd=False)) for n in (1, tenants))
    own = {"tenant-index", "tenant-session-writes", "tenant-session-reads", "workflow-history"}
    for name, demand in alone.items():
        assert shared[name] == pytest.approx(demand / tenants if name in own else demand)


def test_the_operations_are_those_that_the_cost_formula_bills() -> None:
    job = Load(jobs=1, statuses=30, agents=4, batch=4, minutes=5)
    one = Traffic(jobs_per_second=1, watchers=300, job=job)  # each of the 300 jobs has a watcher
    taken = demands(one)
    billed = {item.name: item.count for item in bill(replace(job, watchers=1))}
    assert taken["queue-requests"] == commits(job)
    assert taken["account-concurrency"] == pytest.approx(billed["publisher invocations"] * 0.02)
    assert taken["table-writes"] == pytest.approx(billed["table write units"] - 8)  # those of the indexes
    assert taken["inbound-messages"] == pytest.approx(billed["mutations"])
    assert taken["outbound-messages"] == pytest.approx(billed["deliveries"])


def test_a_client_joins_with_as_many_requests_as_the_traffic_counts() -> None:
    join = Join("job-1", timing=Timing(), random=lambda: 0.5)
    asked: list[AskPosition | ReadPage] = []

    def serve() -> None:
        while requests := [each for each in join.take_requests() if not isinstance(each, SetTimer)]:
            for request in requests:
                asked.append(request)
                if isinstance(request, AskPosition):
                    join.positioned(request.ticket, sequence=0, epoch=None)
                else:
                    page = {"updates": [], "currentSequence": 0, "nextAfterSequence": None, "recovered": True}
                    join.paged(request.ticket, page)

    join.begin()
    serve()
    join.subscribed()
    serve()
    join.timer("settle")
    serve()
    assert join.verdict == "whole"
    assert sum(isinstance(each, ReadPage) for each in asked) == JOIN_READS
    assert sum(isinstance(each, AskPosition) for each in asked) == JOIN_CHECKS


@pytest.mark.parametrize("gap", [5, 37.5, 60, 90, 200, 3_600])
def test_a_client_checks_positions_as_often_as_the_traffic_counts(gap: float) -> None:
    """The checks of the client's own state machine between two statuses."""
    join = Join("job-1", timing=Timing(), random=lambda: 0.5)
    join.begin()
    join.subscribed()
    (wait,) = [
        each.seconds for each in join.take_requests() if isinstance(each, SetTimer) and each.name == "poll"
    ]
    checks, now = 0, wait or 0
    while now <= gap:
        join.timer("poll")
        for request in join.take_requests():
            if isinstance(request, SetTimer) and request.name == "poll":
                now += request.seconds or 0
        checks += 1
    assert checks == pytest.approx(gap / check_interval(gap), abs=1.1)


def test_the_web_client_has_the_same_interval_of_checks() -> None:
    timing = (ROOT / "web/client/src/timing.ts").read_text()
    polls = (ROOT / "web/client/src/join/polls.ts").read_text()
    here = Timing()
    assert f"poll: {here.poll:.0f}_000," in timing
    assert f"ATTENTIVE = {here.quiet_after};" in polls
    assert f"QUIET = {here.quiet_poll / here.poll:.0f};" in polls


def test_a_longer_interval_of_checks_takes_fewer_requests() -> None:
    slow = demands(replace(TRAFFIC, poll=30))["request-tokens"]
    assert slow < demands(TRAFFIC)["request-tokens"] / 3


def test_a_job_writes_the_busiest_key_of_the_index_by_tenant_twice() -> None:
    keys = []
    with dynamo_tables() as client:
        journal = DynamoJournal(client, STATUS_TABLE, log_retention_days=7, job_retention_days=90)
        for status in ("loading_agents", "agent_invoking", "agent_complete", "complete"):
            agent = {} if status.startswith("agent") else {"agentName": "Orchestrator"}
            journal.commit(
                batch_of([update(status, status=status, **agent)], status), deadline=time.time() + 60
            )
            (head,) = [
                item for item in client.scan(TableName=STATUS_TABLE)["Items"] if item["sk"]["S"] == "HEAD"
            ]
            keys.append(head[StatusTable.BY_TENANT_PARTITION_KEY]["S"])
    moves = [(before, after) for before, after in pairwise(["", *keys]) if before != after]
    assert len(moves) == 2  # into `processing`, and from there into `completed`
    busiest = max(sum(key in move for move in moves) for key in keys)
    assert busiest == INDEX_UNITS_OF_STATE


def test_watchers_of_the_bridge_ask_appsync_nothing() -> None:
    taken = demands(replace(TRAFFIC, bridge_tasks=2))
    (streams,) = [use for use in uses(replace(TRAFFIC, bridge_tasks=2), {}) if use.quota == STREAMS]
    assert not {"request-tokens", "connections", "outbound-messages", "session-table-writes"} & set(taken)
    assert (streams.demand, streams.limit) == (4_000, 20_000)
    assert taken["table-reads"] > 0


def test_in_a_crowd_every_push_goes_to_all() -> None:
    crowd = demands(replace(TRAFFIC, crowd=True))
    assert crowd["inbound-messages"] == 20 / 4  # 20 statuses a second, four in a commit
    assert crowd["outbound-messages"] == pytest.approx(crowd["inbound-messages"] * 4_000)
    assert crowd["tenant-session-writes"] == pytest.approx(crowd["session-table-writes"])


def test_each_quota_has_a_source_of_aws_and_a_remedy() -> None:
    assert len({quota.name for quota in ALL}) == len(ALL)
    for quota in ALL:
        assert quota.source.startswith(("https://docs.aws.amazon.com/", "https://repost.aws/"))
        assert quota.remedy
        assert quota.value > 0


def test_each_quota_is_taken_by_some_load() -> None:
    everything = demands(replace(TRAFFIC, step_functions=True, job=Load(jobs=1, event_buses=1)))
    assert set(everything) == {quota.name for quota in ALL}


@pytest.mark.parametrize("seconds", [60, 600])
def test_the_bridges_reads_are_those_that_its_benchmark_counts(seconds: int) -> None:
    counted = watched_for_an_hour(float(seconds))
    assert counted.positions + counted.others == pytest.approx(BRIDGE_READ_UNITS[seconds], rel=0.001)


@pytest.mark.parametrize(("gap", "seconds"), [(0.2, 1), (1, 1), (37.5, 10), (3_600, 600)])
def test_the_bridge_reads_a_job_as_the_next_faster_one_that_was_counted(gap: float, seconds: int) -> None:
    assert bridge_read_units(gap) == BRIDGE_READ_UNITS[seconds]
