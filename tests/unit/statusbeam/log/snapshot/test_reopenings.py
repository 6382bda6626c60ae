"""The head remembers what a job was each time before it was reopened."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given

from statusbeam.log.snapshot.fold import apply, fold
from statusbeam.log.snapshot.job_state import Head
from statusbeam.log.snapshot.reopenings import ENDS_KEPT, EarlierEnd, Reopenings
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import OverallStatus
from tests.unit.statusbeam.log.snapshot.fold_cases import START_MS, committed, folded, geo, logs, status


def opening(number: int, at: float, **metadata: Any) -> StatusUpdate:
    return status("loading_agents", at, metadata={"run": f"p.{number}", **metadata})


def test_a_job_that_was_never_reopened_stores_nothing_of_it() -> None:
    head = folded(opening(1, 0), geo("agent_invoking", 1), status("complete", 2)).head
    assert head.reopenings == Reopenings()
    assert "reopenings" not in head.to_item()["fold"]


def test_a_newer_attempt_and_a_new_run_each_reopen_a_job() -> None:
    head = folded(
        opening(1, 0, sessionId="visit-7"),
        status("error", 1),
        status("reopened", 2),
        status("cancelled", 3, attempt=2),
        opening(2, 4),
    ).head
    assert head.reopenings == Reopenings(
        count=2,
        ends=(
            EarlierEnd(OverallStatus.FAILED, START_MS + 1_000, 2, "visit-7"),
            EarlierEnd(OverallStatus.CANCELLED, START_MS + 3_000, 4, "visit-7"),
        ),
    )


def test_a_run_that_was_left_is_no_end_and_is_dated_when_its_lease_was_over() -> None:
    log = committed([opening(1, 0), geo("agent_invoking", 1)])
    lease_ms = fold(log).head.lease_ms
    assert lease_ms is not None
    head = fold([*log, *committed([opening(2, 100_000)], first=3)]).head
    assert head.reopenings.ends == (EarlierEnd(OverallStatus.PROCESSING, lease_ms, 2, None),)


def test_a_late_status_a_heartbeat_and_a_joining_scope_reopen_nothing() -> None:
    head = folded(
        opening(1, 0),
        opening(2, 1),
        status("complete", 2),
        geo("agent_complete", 3),
        status("heartbeat", 4),
        status("complete", 5, attempt=2),
    ).head
    assert head.reopenings.count == 0


def test_one_status_may_reopen_a_job_and_end_it_again() -> None:
    head = folded(status("error"), status("error", 1, attempt=2)).head
    assert head.reopenings.count == 1
    assert head.ended_ms == START_MS + 1_000


def test_the_latest_ends_are_kept_under_their_own_numbers() -> None:
    reopenings = Reopenings()
    for number in range(1, ENDS_KEPT + 3):
        reopenings = reopenings.after(EarlierEnd(OverallStatus.FAILED, None, number, None))
    assert len(reopenings.ends) == ENDS_KEPT
    assert reopenings.end_of(2) is None
    assert reopenings.end_of(0) is None
    for number in range(3, ENDS_KEPT + 3):
        end = reopenings.end_of(number)
        assert end is not None
        assert end.sequence == number
    assert reopenings.end_of(ENDS_KEPT + 3) is None


@given(logs)
def test_reopenings_survive_being_stored_and_going_on_from_a_snapshot(log: list[StatusUpdate]) -> None:
    half = fold(log[: len(log) // 2]).head
    stored = Head.from_item(json.loads(json.dumps(half.to_item()))) if half.sequence else Head()
    assert stored.reopenings == half.reopenings
    whole = apply(fold(log[: len(log) // 2]), log[len(log) // 2 :])
    assert whole.head.reopenings == fold(log).head.reopenings
