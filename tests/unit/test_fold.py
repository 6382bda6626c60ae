"""What the fold promises whatever the log: properties over drawn logs, and the rules one by one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from status_utils.agent_state import AgentState, AgentStatus
from status_utils.events import StatusUpdate
from status_utils.fold import apply, changed, fold, invocation_of, touched
from status_utils.fold_agent import ACTIVITY_LENGTH, TOOLS_KEPT
from status_utils.job import Job
from status_utils.job_view import job_view
from status_utils.usage import ATTEMPTS_KEPT, usage_in
from status_utils.words import OverallStatus
from tests.unit.fold_cases import (
    START_MS,
    agent_statuses,
    committed,
    job_statuses,
    json_values,
    logs,
    status,
)

KIBIBYTE = 1024


def stored(job: Job) -> Job:
    """The snapshot after its way through a store that, like DynamoDB's client, gives numbers as Decimal."""
    text = json.dumps([job.head.to_item(), *(agent.to_item() for agent in job.agents.values())])
    items = json.loads(text, parse_int=Decimal, parse_float=Decimal)
    return Job.from_items(items[0], items[1:])


def agent_of(job: Job, invocation: str = "Geo Agent") -> AgentState:
    return job.agents[invocation]


def folded(*updates: StatusUpdate) -> Job:
    return fold(committed(updates))


# --- properties -------------------------------------------------------------------------------------------


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


@given(logs, st.integers(0, 24))
def test_a_batch_needs_the_head_and_the_touched_agents_alone(log: list[StatusUpdate], cut: int) -> None:
    before, batch = fold(log[:cut]), log[cut:]
    part = Job(
        head=before.head, agents={key: before.agents[key] for key in touched(batch) if key in before.agents}
    )
    after = apply(part, batch)
    written = {agent.invocation_id: agent for agent in changed(part, after)}
    assert set(written) <= touched(batch)
    assert Job(head=after.head, agents={**before.agents, **written}) == fold(log)


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
def test_a_jobs_progress_never_goes_backwards(log: list[StatusUpdate]) -> None:
    job, shown = Job(), 0
    for update in log:
        job = apply(job, [update])
        assert (job.head.progress or 0) >= shown
        shown = job.head.progress or 0


@given(logs)
def test_an_agents_progress_never_goes_backwards_within_an_attempt(log: list[StatusUpdate]) -> None:
    job = Job()
    for update in log:
        before, job = job, apply(job, [update])
        for key, agent in before.agents.items():
            if job.agents[key].attempt == agent.attempt:
                assert (job.agents[key].progress or 0) >= (agent.progress or 0)


def plain(job: Job) -> Any:
    """What readers see, without what dead news may change: the position and what was paid."""
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


@given(logs, st.lists(agent_statuses | job_statuses, max_size=8))
def test_a_completed_job_stays_completed(log: list[StatusUpdate], more: list[StatusUpdate]) -> None:
    ended = committed([*log, status("reopened", 99, attempt=9), status("complete", 100)])
    job = apply(fold(ended), committed(more, first=len(ended) + 1))
    assert job.head.overall_status is OverallStatus.COMPLETED
    assert job_view(job)["progress"] == 100


@given(logs, job_statuses)
def test_only_a_newer_attempt_takes_up_a_failed_job(log: list[StatusUpdate], news: StatusUpdate) -> None:
    job = fold([*log, *committed([status("error", 99, attempt=9)], first=len(log) + 1)])
    news = replace(news, attempt=None if news.attempt is None else news.attempt + 6)
    after = apply(job, committed([news], first=len(log) + 2))
    assert after.head.overall_status is job.head.overall_status


@given(st.lists(agent_statuses | job_statuses, min_size=4, max_size=24))
def test_tokens_are_the_largest_report_of_each_attempt_added_up(updates: list[StatusUpdate]) -> None:
    counted = committed(replace(update, attempt=update.attempt or 1) for update in updates)
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
    st.dictionaries(
        st.sampled_from(("tokenUsage", "plan", "leaseSeconds", "eta", "sessionId", "workflow")), json_values
    ),
    st.sampled_from((None, "plan", "tokenUsage", "eta")),
)
def test_no_metadata_makes_the_fold_fail(update: StatusUpdate, odd: dict[str, Any], wrap: str | None) -> None:
    metadata = odd if wrap is None else {wrap: [odd] if wrap == "plan" else odd}
    job = folded(geo("agent_invoking"), replace(update, metadata=metadata))
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


@given(logs)
def test_who_reads_items_as_they_are_sees_the_same_agents(log: list[StatusUpdate]) -> None:
    job = fold(log)
    items = [agent.to_item() for agent in job.agents.values()]
    shown = sorted((item["order"], item["invocationId"]) for item in items if not item.get("hidden"))
    assert [key for _, key in shown] == [agent["invocationId"] for agent in job_view(job)["agents"]]


# --- the rules, one by one --------------------------------------------------------------------------------


def test_an_empty_log_is_a_job_that_has_not_begun() -> None:
    view = job_view(fold([]))
    assert (view["overallStatus"], view["sequence"], view["agents"]) == ("initializing", 0, [])


OVERALL: list[tuple[str, Sequence[StatusUpdate], str]] = [
    ("agents are being loaded", [status("loading_agents")], "initializing"),
    ("a planned agent has not begun", [status("pending", agent="Geo Agent")], "initializing"),
    ("an agent began", [status("loading_agents"), status("agent_invoking", 1, agent="A")], "processing"),
    ("loading is news no more", [status("validating"), status("loading_agents", 1)], "processing"),
    ("a sign of life says nothing", [status("loading_agents"), status("heartbeat", 1)], "initializing"),
    ("the last word", [status("validating"), status("complete", 1)], "completed"),
    ("the last word is bad", [status("error")], "failed"),
    ("an agent failed, the job goes on", [status("agent_error", agent="A")], "processing"),
    ("the type is the job's, whoever says it", [status("complete", agent="Orchestrator")], "completed"),
    ("failed holds", [status("error", 1), status("complete", 2)], "failed"),
    ("completed holds", [status("complete", 1), status("error", 2)], "completed"),
    ("failed holds, whoever speaks", [status("error", 1), status("complete", 2, agent="A")], "failed"),
    ("taken up again", [status("error", 1), status("reopened", 2)], "processing"),
    ("said before the failure", [status("error", 2), status("reopened", 1)], "failed"),
    ("by its attempt", [status("error", 1, attempt=1), status("validating", 2, attempt=2)], "processing"),
    ("not by the same attempt", [status("error", 1, attempt=2), status("reopened", 2, attempt=2)], "failed"),
    ("completed is for good", [status("complete", 1), status("reopened", 2, attempt=2)], "completed"),
    (
        "words without an attempt go on with the newest",
        [status("error", 1), status("reopened", 2), status("complete", 3)],
        "completed",
    ),
    (
        "the end of a dead attempt",
        [status("error", 1), status("reopened", 2), status("error", 3, attempt=1)],
        "processing",
    ),
]


@pytest.mark.parametrize(
    ("updates", "expected"), [row[1:] for row in OVERALL], ids=[row[0] for row in OVERALL]
)
def test_where_a_job_stands(updates: Sequence[StatusUpdate], expected: str) -> None:
    assert folded(*updates).head.overall_status == expected


def geo(word: str, at: float = 0.0, **fields: Any) -> StatusUpdate:
    return status(word, at, agent="Geo Agent", **fields)


AGENT: list[tuple[str, Sequence[StatusUpdate], tuple[int, str]]] = [
    ("planned", [geo("pending")], (1, "pending")),
    ("at work", [geo("pending"), geo("agent_invoking", 1)], (1, "in-progress")),
    ("pending is news no more", [geo("agent_invoking"), geo("pending", 1)], (1, "in-progress")),
    ("any word of its own", [geo("warming_up")], (1, "in-progress")),
    ("ended well", [geo("agent_invoking"), geo("agent_complete", 1)], (1, "success")),
    ("ended badly", [geo("agent_error")], (1, "error")),
    ("its end stands", [geo("agent_error", 1), geo("agent_complete", 2)], (1, "error")),
    ("news after the end", [geo("agent_complete", 1), geo("progress", 2)], (1, "success")),
    ("a newer attempt", [geo("agent_error", 1), geo("progress", 2, attempt=2)], (2, "in-progress")),
    ("an attempt far ahead", [geo("agent_invoking", 1, attempt=7)], (7, "in-progress")),
    (
        "a dead attempt's end",
        [geo("agent_invoking", attempt=2), geo("agent_error", attempt=1)],
        (2, "in-progress"),
    ),
    (
        "no attempt means the current",
        [geo("agent_invoking", attempt=2), geo("agent_complete", 1)],
        (2, "success"),
    ),
    ("starting over uncounted", [geo("agent_error", 1), geo("agent_invoking", 2)], (2, "in-progress")),
    ("retrying uncounted", [geo("agent_error", 1), geo("agent_retrying", 2)], (2, "in-progress")),
    ("a start that came late", [geo("agent_complete", 2), geo("agent_invoking", 1)], (1, "success")),
    ("a start at that moment", [geo("agent_complete", 1), geo("agent_invoking", 1)], (1, "success")),
    (
        "an uncounted attempt ends",
        [geo("agent_error", 1), geo("agent_invoking", 2), geo("agent_complete", 3)],
        (2, "success"),
    ),
]


@pytest.mark.parametrize(("updates", "expected"), [row[1:] for row in AGENT], ids=[row[0] for row in AGENT])
def test_where_an_agent_stands(updates: Sequence[StatusUpdate], expected: tuple[int, str]) -> None:
    agent = agent_of(folded(*updates))
    assert (agent.attempt, agent.status) == expected


def test_the_last_message_is_the_activity_and_a_heartbeat_is_none() -> None:
    job = folded(geo("agent_invoking", message="Looking"), geo("heartbeat", 1, message="beep"))
    assert agent_of(job).activity == "Looking"


def test_a_long_message_is_cut_with_a_mark() -> None:
    activity = agent_of(folded(geo("agent_invoking", message="x" * 2_000))).activity
    assert activity == "x" * (ACTIVITY_LENGTH - 1) + "…"


TIMES: list[tuple[str, Sequence[StatusUpdate], tuple[float | None, float | None, float | None]]] = [
    ("running", [geo("agent_invoking", 1)], (1, None, None)),
    ("from start to end", [geo("agent_invoking", 1), geo("agent_complete", 3.5)], (1, 3.5, 2.5)),
    (
        "its own word on how long",
        [geo("agent_invoking", 1), geo("agent_complete", 3, took_ms=1500)],
        (1, 3, 1.5),
    ),
    ("only an end", [geo("agent_complete", 3)], (None, 3, None)),
    ("only an end that says how long", [geo("agent_complete", 3, took_ms=1500)], (1.5, 3, 1.5)),
    ("a start that came late", [geo("agent_complete", 3), geo("agent_invoking", 1)], (1, 3, 2)),
    ("an earlier start than known", [geo("progress", 2), geo("agent_invoking", 1)], (1, None, None)),
    ("clocks that disagree", [geo("agent_invoking", 3), geo("agent_complete", 2)], (3, 2, 0)),
    (
        "of the newest attempt",
        [geo("agent_invoking", 1), geo("agent_error", 2), geo("agent_invoking", 4, attempt=2)],
        (4, None, None),
    ),
]


@pytest.mark.parametrize(("updates", "expected"), [row[1:] for row in TIMES], ids=[row[0] for row in TIMES])
def test_when_an_agent_began_and_ended_in_seconds(
    updates: Sequence[StatusUpdate], expected: tuple[float | None, float | None, float | None]
) -> None:
    agent = agent_of(folded(*updates))
    began, ended = (
        None if ms is None else (ms - START_MS) / 1000 for ms in (agent.started_ms, agent.completed_ms)
    )
    assert (began, ended, agent.view()["duration"]) == expected


def test_tools_are_listed_in_order_of_first_use_and_no_more_than_are_kept() -> None:
    calls = [geo("calling_tool", n, tool=f"tool-{n % 40}") for n in range(80)]
    tools = [name for name, _ in agent_of(folded(*calls)).tools]
    assert tools == [f"tool-{n}" for n in range(TOOLS_KEPT)]


def test_a_tool_heard_of_after_the_end_is_listed() -> None:
    job = folded(geo("agent_complete", 2), geo("calling_tool", 1, tool="geocode"))
    assert agent_of(job).view()["tools"] == ["geocode"]


def test_only_the_newest_attempts_can_still_add_tokens() -> None:
    def paid(attempt: int, tokens: int) -> StatusUpdate:
        return geo("progress", attempt, attempt=attempt, metadata={"tokenUsage": {"inputTokens": tokens}})

    many = [paid(attempt, 10) for attempt in range(1, ATTEMPTS_KEPT + 4)]
    assert folded(*many, paid(1, 999)).head.tokens == (10 * len(many), 0)
    assert folded(*many, paid(ATTEMPTS_KEPT, 999)).head.tokens == (10 * (len(many) - 1) + 999, 0)


def test_parallel_runs_of_one_agent_are_told_apart_by_their_invocations() -> None:
    job = folded(
        geo("agent_invoking", invocation="i1"),
        geo("agent_invoking", invocation="i2"),
        geo("agent_error", invocation="i1"),
    )
    assert [(agent.name, agent.status) for agent in job.shown_agents] == [
        ("Geo Agent", AgentStatus.ERROR),
        ("Geo Agent", AgentStatus.IN_PROGRESS),
    ]


def test_an_invocation_gets_its_name_when_it_is_first_told() -> None:
    job = folded(status("heartbeat", invocation="i1"), geo("agent_invoking", 1, invocation="i1"))
    assert agent_of(job, "i1").name == "Geo Agent"


def test_a_pushs_earlier_statuses_count() -> None:
    first, second = committed([geo("agent_invoking"), geo("agent_complete", 1)])
    assert fold([replace(second, earlier=(first,))]) == fold([first, second])


def test_a_status_that_is_in_the_log_does_not_count_again_as_one_to_come() -> None:
    (known,) = committed([geo("agent_invoking")])
    assert fold([known, replace(known, sequence=None)]) == fold([known])


def test_a_snapshot_knows_the_epoch_it_began_with() -> None:
    assert fold(committed([geo("agent_invoking")]), epoch="e1").head.epoch == "e1"


# --- plans ------------------------------------------------------------------------------------------------


def plan(*entries: Any, at: float = 0.0) -> StatusUpdate:
    return status("loading_agents", at, metadata={"plan": list(entries)})


def test_planned_agents_are_pending_in_the_plans_order_before_they_begin() -> None:
    job = folded(plan("Severity Agent", {"name": "Geo Agent", "dependsOn": ["Severity Agent"]}))
    assert [(agent.name, agent.status, agent.depends_on) for agent in job.shown_agents] == [
        ("Severity Agent", "pending", ()),
        ("Geo Agent", "pending", ("Severity Agent",)),
    ]


def test_an_invocation_under_its_own_id_takes_the_planned_place() -> None:
    job = folded(plan("Geo Agent", "Category Agent"), geo("agent_invoking", 1, invocation="i1"))
    assert [agent.invocation_id for agent in job.shown_agents] == ["i1", "Category Agent"]
    assert job.head.weighted.total == 2_000


def test_a_second_invocation_of_a_planned_agent_adds_its_weight() -> None:
    runs = [geo("agent_invoking", n, invocation=f"i{n}") for n in (1, 2)]
    assert folded(plan({"name": "Geo Agent", "weight": 3}), *runs).head.weighted.total == 6_000


def test_a_step_of_weight_zero_is_taken_out_of_the_plan() -> None:
    job = folded(plan("Geo Agent", "Category Agent"), plan({"name": "Geo Agent", "weight": 0}, at=1))
    assert [agent.name for agent in job.shown_agents] == ["Category Agent"]
    assert job.head.weighted.total == 1_000


def test_a_job_without_a_plan_shows_only_the_progress_it_reports_itself() -> None:
    silent = folded(geo("progress", progress=50.0))
    told = folded(geo("progress", progress=50.0), status("progress", 1, progress=20.0))
    assert (job_view(silent)["progress"], job_view(told)["progress"]) == (None, 20)


def test_a_plan_alone_never_shows_a_running_job_as_done() -> None:
    assert job_view(folded(plan("Geo Agent"), geo("agent_complete", 1)))["progress"] == 99


def test_an_unplanned_agent_revises_the_total_and_what_is_left_of_the_bar_is_dealt_out_anew() -> None:
    updates = [
        plan("Geo Agent", "Category Agent"),
        geo("agent_complete", 1),  # 50 %
        status("agent_invoking", 2, agent="Helper"),  # truly 33 %
        status("progress", 3, agent="Helper", progress=50.0),  # a quarter of what is left
    ]
    shown = [job_view(folded(*updates[:count]))["progress"] for count in range(1, 5)]
    assert shown == [0, 50, 50, 62.5]


def test_an_agent_that_gets_other_weights_keeps_what_it_had_reached() -> None:
    before = plan({"name": "Geo Agent", "tools": ["geocode"]})
    after = plan({"name": "Geo Agent", "tools": ["geocode", "search"]}, at=2)
    job = folded(before, geo("tool_complete", 1, tool="geocode"), after)
    assert agent_of(job).view()["progress"] == 100


def test_an_agents_progress_is_the_furthest_it_reported_and_not_its_tools() -> None:
    told = [
        geo("progress", 1, progress=40.001),
        geo("progress", 2, progress=30.0),
        geo("progress", 3, tool="geocode", progress=90.0),
    ]
    assert agent_of(folded(*told)).view()["progress"] == 40.001


def test_a_tool_that_is_said_to_be_less_far_stays_where_it_was() -> None:
    steps = [geo("progress", n, tool="geocode", progress=p) for n, p in ((1, 80.0), (2, 20.0))]
    job = folded(plan({"name": "Geo Agent", "tools": ["geocode"]}), *steps)
    assert agent_of(job).view()["progress"] == 80


def test_an_agents_planned_tools_make_its_progress() -> None:
    tools = {"name": "Geo Agent", "tools": [{"name": "geocode", "weight": 3}, "search"]}
    job = folded(
        plan(tools),
        geo("calling_tool", 1, tool="geocode", progress=50.0),
        geo("tool_complete", 2, tool="search"),
        geo("tool_complete", 3, tool="not planned"),
    )
    assert agent_of(job).view()["progress"] == 62.5


def test_a_nested_agent_counts_through_its_parent_unless_it_is_planned() -> None:
    child = status("agent_invoking", 1, agent="Helper", parent="Geo Agent")
    assert folded(geo("agent_invoking"), child).head.weighted.total == 1_000
    assert folded(plan("Geo Agent", "Helper"), child).head.weighted.total == 2_000


# --- identity, estimate -----------------------------------------------------------------------------------


def test_the_first_word_on_what_the_job_is_counts() -> None:
    updates = [status("loading_agents", n, metadata={"sessionId": f"s{n}", "documentId": 7}) for n in (1, 2)]
    head = folded(*updates).head
    assert (head.session_id, head.document_id) == ("s1", None)


def test_an_estimate_ages_with_the_news_and_goes_with_the_end() -> None:
    told = geo("agent_invoking", 1, metadata={"eta": {"p50": 10, "p90": 20.5}})
    views = [
        job_view(folded(told, *more))["eta"]
        for more in ([], [geo("heartbeat", 13)], [status("complete", 14)])
    ]
    assert views == [{"p50": 10.0, "p90": 20.5}, {"p50": 0.0, "p90": 8.5}, None]
