"""The properties of the fold with any log."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.log.snapshot.fold import apply, changed, fold, invocation_of, touched
from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.job_view import job_view
from statusbeam.log.snapshot.usage import usage_in
from statusbeam.model.metadata import FOLDED_KEYS
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import OverallStatus
from tests.unit.statusbeam.log.snapshot.fold_cases import (
    agent_statuses,
    committed,
    folded,
    geo,
    job_of_items,
    job_statuses,
    json_values,
    logs,
    status,
)

KIBIBYTE = 1024
ODD_KEYS = (*FOLDED_KEYS, "for", "prompt", "until", "by", "reason")


def stored(job: Job) -> Job:
    """The snapshot after its way through a store that, like DynamoDB's client, gives numbers as Decimal."""
    text = json.dumps([job.head.to_item(), *(agent.to_item() for agent in job.agents.values())])
    items = json.loads(text, parse_int=Decimal, parse_float=Decimal)
    return job_of_items(items[0], items[1:])


@given(logs, st.data())
def test_any_order_and_any_redelivery_give_the_same_snapshot(
    log: list[StatusUpdate], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(log), max_size=10)) if log else []
    assert fold(data.draw(st.permutations(log + again))) == fold(log)


@given(logs, st.data())
def test_going_on_from_a_stored_snapshot_equals_folding_the_whole_log(
    log: list[StatusUpdate], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(log)), max_size=5)))
    job = Job()
    for first, last in zip([0, *cuts], [*cuts, len(log)], strict=True):
        job = apply(stored(job), log[first:last])
    assert job == fold(log)


@given(logs, st.integers(0, 28), st.integers(1, 4))
def test_a_batch_needs_the_head_and_the_touched_agents_alone(
    log: list[StatusUpdate], cut: int, size: int
) -> None:
    before, batch = fold(log[:cut]), log[cut : cut + size]
    part = Job(
        head=before.head, agents={key: before.agents[key] for key in touched(batch) if key in before.agents}
    )
    after = apply(part, batch)
    written = {agent.invocation_id: agent for agent in changed(part, after)}
    assert set(written) <= touched(batch)
    assert before.after(Job(head=after.head, agents=written)) == fold(log[: cut + size])


@given(logs, st.integers(0, 24))
def test_a_redelivered_batch_changes_nothing(log: list[StatusUpdate], cut: int) -> None:
    assert apply(fold(log), log[cut:]) == fold(log)


@given(logs)
def test_the_heads_sums_are_the_sums_over_all_agents(log: list[StatusUpdate]) -> None:
    job = fold(log)
    counted = [agent.counted for agent in job.agents.values()]
    totals = [job.head.ledger.total, *(agent.ledger.total for agent in job.agents.values())]
    assert (job.head.weighted.total, job.head.weighted.done) == (
        sum(weight for weight, _ in counted),
        sum(done for _, done in counted),
    )
    assert job.head.tokens == (sum(i for i, _ in totals), sum(o for _, o in totals))


@given(logs)
def test_a_jobs_progress_never_goes_backwards_within_a_run(log: list[StatusUpdate]) -> None:
    job, shown = Job(), 0
    for update in log:
        before, job = job, apply(job, [update])
        if job.head.runs.number > before.head.runs.number:
            shown = 0
        assert (job.head.progress or 0) >= shown
        shown = job.head.progress or 0


@given(logs)
def test_an_agents_progress_never_goes_backwards_within_an_attempt(log: list[StatusUpdate]) -> None:
    job = Job()
    for update in log:
        before, job = job, apply(job, [update])
        for key, agent in before.agents.items():
            now = job.agents.get(key)
            if now and (now.run, now.attempt) == (agent.run, agent.attempt):
                assert (now.progress or 0) >= (agent.progress or 0)


def plain(job: Job) -> Any:
    """The readers' view, without the fields that late statuses may change: the position and the tokens."""
    view = job_view(job)
    for part in (view, *view["agents"]):
        for field in ("sequence", "totalTokenUsage", "tokenUsage"):
            part.pop(field, None)
    return view


@given(logs, agent_statuses)
def test_news_of_a_dead_attempt_does_not_change_the_state(
    log: list[StatusUpdate], late: StatusUpdate
) -> None:
    job = fold(log)
    agent = job.agents.get(invocation_of(late) or "")
    if agent is not None and agent.attempt > 1:
        dead = committed([replace(late, attempt=agent.attempt - 1)], first=len(log) + 1)
        assert plain(apply(job, dead)) == plain(job)


@given(logs, agent_statuses)
def test_an_ended_attempt_keeps_its_end(log: list[StatusUpdate], late: StatusUpdate) -> None:
    job = fold(log)
    for key, agent in job.agents.items():
        if agent.ended:
            news = replace(late, invocation_id=key, attempt=agent.attempt)
            now = apply(job, committed([news], first=len(log) + 1)).agents[key]
            assert (now.status, now.activity, now.completed_ms, now.progress, now.lease_ms) == (
                agent.status,
                agent.activity,
                agent.completed_ms,
                agent.progress,
                agent.lease_ms,
            )


def runless(update: StatusUpdate) -> StatusUpdate:
    """The status as a part or a checkpoint sends it: it names no run."""
    metadata = {key: value for key, value in (update.metadata or {}).items() if key != "run"}
    return replace(update, metadata=metadata or None)


@given(logs, st.lists(agent_statuses | job_statuses, max_size=8))
def test_a_completed_job_stays_completed(log: list[StatusUpdate], more: list[StatusUpdate]) -> None:
    ended = committed([*log, status("reopened", 990, attempt=9), status("complete", 1_000)])
    job = apply(fold(ended), committed(map(runless, more), first=len(ended) + 1))
    assert job.head.overall_status is OverallStatus.COMPLETED
    assert job_view(job)["progress"] == 100


@given(logs, job_statuses)
def test_only_a_newer_attempt_takes_up_a_failed_job(log: list[StatusUpdate], news: StatusUpdate) -> None:
    job = fold([*log, *committed([status("error", 990, attempt=9)], first=len(log) + 1)])
    news = replace(runless(news), attempt=None if news.attempt is None else news.attempt + 6)
    after = apply(job, committed([news], first=len(log) + 2))
    assert after.head.overall_status is job.head.overall_status


@given(st.lists(agent_statuses | job_statuses, min_size=4, max_size=24))
def test_tokens_are_the_largest_report_of_each_attempt_added_up(updates: list[StatusUpdate]) -> None:
    counted = committed(replace(runless(update), attempt=update.attempt or 1) for update in updates)
    largest: dict[tuple[str | None, int | None], tuple[int, int]] = {}
    for update in counted:
        tokens_in, tokens_out = usage_in(update.metadata or {}) or (0, 0)
        known = largest.get((invocation_of(update), update.attempt), (0, 0))
        largest[(invocation_of(update), update.attempt)] = (
            max(known[0], tokens_in),
            max(known[1], tokens_out),
        )
    assert fold(counted).head.tokens == (
        sum(tokens_in for tokens_in, _ in largest.values()),
        sum(tokens_out for _, tokens_out in largest.values()),
    )


@given(logs)
def test_the_snapshots_position_is_the_highest_sequence(log: list[StatusUpdate]) -> None:
    assert fold(log).head.sequence == len(log)


@given(st.lists(agent_statuses | job_statuses, max_size=12), st.data())
def test_statuses_not_yet_committed_fold_in_any_order_too(
    updates: list[StatusUpdate], data: st.DataObject
) -> None:
    named = [replace(update, event_id=f"e{index}") for index, update in enumerate(updates)]
    assert fold(data.draw(st.permutations(named + named[:3]))) == fold(named)


@given(logs, logs, st.data())
def test_two_statuses_at_one_place_do_not_make_the_order_matter(
    log: list[StatusUpdate], other: list[StatusUpdate], data: st.DataObject
) -> None:
    assert fold(data.draw(st.permutations(log + other))) == fold(log + other)


@given(
    agent_statuses | job_statuses,
    st.dictionaries(st.sampled_from(ODD_KEYS), json_values),
    st.sampled_from((None, "plan", "tokenUsage", "eta", "waiting", "cancelRequest")),
)
def test_no_metadata_makes_the_fold_fail(update: StatusUpdate, odd: dict[str, Any], wrap: str | None) -> None:
    metadata = odd if wrap is None else {wrap: [odd] if wrap == "plan" else odd}
    job = folded(status("loading_agents"), geo("agent_invoking"), replace(update, metadata=metadata))
    assert stored(job) == job
    assert set(job_view(job)) == set(job_view(Job()))


@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"])
def test_the_ends_of_time_fold_and_store(timestamp: str) -> None:
    update = replace(status("agent_invoking", agent="Geo Agent", took_ms=2_147_483_647), timestamp=timestamp)
    ended = replace(update, status="agent_complete", event_id="e9", metadata={"leaseSeconds": 86_400})
    assert stored(folded(update, ended)) == folded(update, ended)
    assert stored(folded(ended)) == folded(ended)


def test_items_stay_small_at_the_limits() -> None:
    wide = "\U0001f600" * 128
    names = [wide[:-2] + f"{number:02}" for number in range(50)]
    plan = [{"name": wide, "dependsOn": names[:10], "tools": names[:3]}]
    updates = [status("loading_agents", metadata={"plan": plan})]
    updates += [status("calling_tool", agent=wide, tool=tool, message=wide * 10) for tool in names]
    updates += [
        status("agent_retrying", agent=wide, attempt=n, metadata={"tokenUsage": {"inputTokens": n}})
        for n in range(1, 50)
    ]
    job = folded(*updates)
    sizes = [len(json.dumps(agent.to_item(), ensure_ascii=False).encode()) for agent in job.agents.values()]
    assert max(sizes) < 40 * KIBIBYTE
    assert len(json.dumps(job.head.to_item())) < 2 * KIBIBYTE


def test_a_head_stays_small_whatever_many_openings_waiting_agents_and_texts_there_are() -> None:
    wide = "\U0001f600"
    openings = [wide * 50 + f"{number:03}.{number}" for number in range(200)]
    waiting = {"for": wide * 99, "prompt": wide * 1_500}
    updates = []
    for number, run in enumerate(openings):
        updates += [status("loading_agents", number, metadata={"run": run, "title": wide * 999})]
        if number % 70 == 69:
            updates += [status("complete", number, metadata={"run": run, "opened": 999_999_999})]
    for number in range(60):
        updates += [status("waiting", 300, agent=f"{wide * 120}{number}", metadata={"waiting": waiting})]
    updates += [
        status("cancel_requested", 301, metadata={"cancelRequest": {"by": "u", "reason": wide * 5_000}})
    ]
    job = folded(*updates)
    assert job.head.runs.number == 3
    assert stored(job) == job
    assert len(json.dumps(job.head.to_item(), ensure_ascii=False).encode()) < 64 * KIBIBYTE


@given(logs)
def test_the_heads_waiting_agents_are_the_agents_that_wait(log: list[StatusUpdate]) -> None:
    job = Job()
    for update in log:
        job = apply(job, [update])
        waiting = {key: agent.waiting for key, agent in job.agents.items() if agent.waiting}
        known = dict(job.head.waiters.known)
        assert known.keys() <= waiting.keys()
        assert len(known) + job.head.waiters.others == len(waiting)
        assert not (job.head.waits and job.head.lease_ms)


@given(logs, st.integers(1, 3))
def test_statuses_of_an_older_run_change_nothing(log: list[StatusUpdate], number: int) -> None:
    begun = [status("loading_agents", 900, metadata={"run": "new.1"}), status("complete", 901)]
    again = [status("loading_agents", 902, metadata={"run": f"newer.{number}"})]
    ended = committed([*log, status("reopened", 899, attempt=9), status("complete", 899.5), *begun, *again])
    job = fold(ended)
    for old in log:
        zombie = replace(old, metadata={**(old.metadata or {}), "run": "new.1"}, sequence=None)
        now = apply(job, committed([zombie], first=len(ended) + 1))
        assert replace(now.head, sequence=job.head.sequence) == job.head
        assert now.agents == job.agents


@given(logs)
def test_a_reader_of_the_raw_items_sees_the_same_agents(log: list[StatusUpdate]) -> None:
    job = fold(log)
    items = [agent.to_item() for agent in job.agents.values()]
    shown = sorted((item["order"], item["invocationId"]) for item in items if not item.get("hidden"))
    assert [key for _, key in shown] == [agent["invocationId"] for agent in job_view(job)["agents"]]
