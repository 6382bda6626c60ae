"""The rules of the fold, one by one, as in docs/reference/fold.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from statusbeam.log.snapshot.agent_state import AgentState, AgentStatus
from statusbeam.log.snapshot.fold import fold, touched
from statusbeam.log.snapshot.fold_agent import ACTIVITY_LENGTH, TOOLS_KEPT
from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.job_view import job_view
from statusbeam.log.snapshot.usage import ATTEMPTS_KEPT
from statusbeam.model.limits import (
    REASON_LENGTH,
    RUN_ID_LENGTH,
    TITLE_LENGTH,
    WAITING_FOR_LENGTH,
    WAITING_PROMPT_LENGTH,
)
from statusbeam.model.update import StatusUpdate
from tests.unit.statusbeam.log.snapshot.fold_cases import START_MS, committed, folded, geo, status


def agent_of(job: Job, invocation: str = "Geo Agent") -> AgentState:
    return job.agents[invocation]


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
def test_the_state_of_a_job(updates: Sequence[StatusUpdate], expected: str) -> None:
    assert folded(*updates).head.overall_status == expected


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
def test_the_state_of_an_agent(updates: Sequence[StatusUpdate], expected: tuple[int, str]) -> None:
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


def test_a_tool_reported_after_the_end_is_listed() -> None:
    job = folded(geo("agent_complete", 2), geo("calling_tool", 1, tool="geocode"))
    assert agent_of(job).view()["tools"] == ["geocode"]


def test_only_the_newest_attempts_can_still_add_tokens() -> None:
    def paid(attempt: int, tokens: int) -> StatusUpdate:
        return geo("progress", attempt, attempt=attempt, metadata={"tokenUsage": {"inputTokens": tokens}})

    many = [paid(attempt, 10) for attempt in range(1, ATTEMPTS_KEPT + 4)]
    assert folded(*many, paid(1, 999)).head.tokens == (10 * len(many), 0)
    assert folded(*many, paid(ATTEMPTS_KEPT, 999)).head.tokens == (10 * (len(many) - 1) + 999, 0)


def test_parallel_runs_of_one_agent_differ_by_their_invocations() -> None:
    job = folded(
        geo("agent_invoking", invocation="i1"),
        geo("agent_invoking", invocation="i2"),
        geo("agent_error", invocation="i1"),
    )
    assert [(agent.name, agent.status) for agent in job.shown_agents] == [
        ("Geo Agent", AgentStatus.ERROR),
        ("Geo Agent", AgentStatus.IN_PROGRESS),
    ]


def test_an_invocation_gets_its_name_from_the_first_status_with_one() -> None:
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


# --- texts ----------------------------------------------------------------------------------------------


def test_a_title_is_cut_to_its_length_and_a_later_one_replaces_it() -> None:
    long = "🜁" * (TITLE_LENGTH + 1)
    titles = [
        status("loading_agents", metadata={"title": "One"}),
        status("validating", metadata={"title": long}),
    ]
    assert folded(*titles).head.title == "🜁" * (TITLE_LENGTH - 1) + "…"
    assert folded(*reversed(titles)).head.title == "One"


def test_the_reason_of_a_wait_is_cut_to_its_length() -> None:
    asked = {"for": "f" * (WAITING_FOR_LENGTH + 1), "prompt": "p" * (WAITING_PROMPT_LENGTH + 1)}
    waiting = agent_of(folded(geo("waiting", metadata={"waiting": asked}))).waiting
    assert waiting is not None
    assert (waiting.what, waiting.prompt) == (
        "f" * (WAITING_FOR_LENGTH - 1) + "…",
        "p" * (WAITING_PROMPT_LENGTH - 1) + "…",
    )


def test_the_reason_of_a_request_to_cancel_is_cut_to_its_length() -> None:
    asked = {"by": "ana", "reason": "r" * (REASON_LENGTH + 1)}
    request = folded(status("cancel_requested", metadata={"cancelRequest": asked})).head.cancel_request
    assert request is not None
    assert (request.by, request.reason) == ("ana", "r" * (REASON_LENGTH - 1) + "…")


@pytest.mark.parametrize(("length", "run"), [(RUN_ID_LENGTH, 2), (RUN_ID_LENGTH + 1, 1)])
def test_a_run_of_a_longer_name_is_none(length: int, run: int) -> None:
    job = folded(status("complete"), status("loading_agents", 1, metadata={"run": "r" * length}))
    assert job.head.runs.number == run


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


def test_a_status_touches_the_planned_step_its_invocation_may_take_up() -> None:
    assert touched([geo("agent_invoking", invocation="i1")]) == {"i1", "Geo Agent"}
    assert touched([plan("Geo Agent", {"name": "Helper", "invocationId": "h1"})]) == {"Geo Agent", "h1"}
    assert touched([status("validating")]) == set()


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


def test_an_unplanned_agent_revises_the_total_and_what_is_left_of_the_bar_is_distributed_again() -> None:
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
        geo("progress", 1, progress=32.001),
        geo("progress", 2, progress=30.0),
        geo("progress", 3, tool="geocode", progress=90.0),
    ]
    assert agent_of(folded(*told)).view()["progress"] == 32.001


def test_a_tool_with_a_lower_progress_keeps_its_progress() -> None:
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


def test_an_estimate_ages_with_the_statuses_and_ends_with_the_job() -> None:
    told = geo("agent_invoking", 1, metadata={"eta": {"p50": 10, "p90": 20.5}})
    views = [
        job_view(folded(told, *more))["eta"]
        for more in ([], [geo("heartbeat", 13)], [status("complete", 14)])
    ]
    assert views == [{"p50": 10.0, "p90": 20.5}, {"p50": 0.0, "p90": 8.5}, None]
