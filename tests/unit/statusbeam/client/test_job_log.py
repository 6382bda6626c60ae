"""A job's log rebuilt from pushes and pages equals the log, after any loss, reorder or repetition."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.client.job_log import JobLog


def status_of(sequence: int, **more: Any) -> dict[str, Any]:
    return {"jobId": "job-1", "sequence": sequence, "status": "note", "message": f"status {sequence}", **more}


def page_of(log: list[dict[str, Any]], after: int, limit: int = 100) -> dict[str, Any]:
    """The answer of listStatusUpdates for this log."""
    updates = log[after : after + limit]
    return {
        "updates": updates,
        "currentSequence": len(log),
        "nextAfterSequence": after + len(updates),
        "recovered": True,
    }


def sequences(statuses: list[Any]) -> list[int]:
    return [status["sequence"] for status in statuses]


def test_statuses_are_returned_in_order() -> None:
    log = JobLog("job-1")
    log.add_push(status_of(2))
    assert log.take_ready() == []
    log.add_push(status_of(1))
    assert sequences(log.take_ready()) == [1, 2]


def test_status_that_is_pushed_twice_is_returned_once() -> None:
    log = JobLog("job-1")
    log.add_push(status_of(1))
    assert sequences(log.take_ready()) == [1]
    log.add_push(status_of(1))
    assert log.take_ready() == []


def test_earlier_statuses_of_a_commit_come_first() -> None:
    log = JobLog("job-1")
    log.add_push(status_of(3, earlier=[status_of(1), status_of(2)]))
    assert sequences(log.take_ready()) == [1, 2, 3]


def test_status_of_another_job_is_ignored() -> None:
    log = JobLog("job-1")
    log.add_push(status_of(1, jobId="job-2"))
    assert log.take_ready() == []
    assert log.is_complete


@pytest.mark.parametrize("sequence", [None, "1", 0, -3])
def test_status_without_a_proper_sequence_is_ignored(sequence: Any) -> None:
    log = JobLog("job-1")
    log.add_push({**status_of(1), "sequence": sequence})
    assert log.take_ready() == []


def test_gap_is_noticed_and_filled() -> None:
    written = [status_of(sequence) for sequence in range(1, 5)]
    log = JobLog("job-1")
    log.add_push(written[0])
    log.add_push(written[3])
    assert sequences(log.take_ready()) == [1]
    assert not log.is_complete
    log.add_page(page_of(written, log.contiguous))
    assert sequences(log.take_ready()) == [2, 3, 4]
    assert log.is_complete


def test_status_that_only_a_page_counts_is_missing() -> None:
    log = JobLog("job-1")
    log.add_page({**page_of([status_of(1), status_of(2)], 0, limit=1)})
    log.take_ready()
    assert not log.is_complete


def test_long_replay_asks_for_page_after_page() -> None:
    written = [status_of(sequence) for sequence in range(1, 251)]
    log = JobLog("job-1")
    shown: list[int] = []
    more = True
    while more:
        more = log.add_page(page_of(written, log.contiguous))
        shown += sequences(log.take_ready())
    assert shown == list(range(1, 251))


def test_log_that_no_longer_reaches_back_is_skipped() -> None:
    log = JobLog("job-1")
    log.add_push(status_of(12))
    assert not log.add_page(
        {"updates": [], "currentSequence": 10, "nextAfterSequence": 10, "recovered": False}
    )
    assert log.contiguous == 10
    log.add_push(status_of(11))
    assert sequences(log.take_ready()) == [11, 12]


def test_the_remaining_part_of_an_expired_log_is_shown() -> None:
    log = JobLog("job-1")
    gone = {"updates": [], "currentSequence": 9, "nextAfterSequence": 9, "recovered": False}
    assert log.add_page({**gone, "firstSequence": 8})
    written = [status_of(sequence) for sequence in range(1, 10)]
    assert log.contiguous == 7
    assert not log.add_page(page_of(written, log.contiguous))
    assert sequences(log.take_ready()) == [8, 9]


@pytest.mark.parametrize("first", [None, 3, 10])
def test_an_expired_log_that_names_nothing_new_is_not_asked_again(first: int | None) -> None:
    log = JobLog("job-1")
    log.add_push(status_of(1))
    log.add_push(status_of(2))
    log.take_ready()
    gone = {"updates": [], "currentSequence": 9, "nextAfterSequence": 9, "recovered": False}
    assert not log.add_page({**gone, "firstSequence": first})
    assert log.contiguous == 9


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[int, list[int], list[bool]]:
    """A log's length, the sequences that arrive (lost, reordered, repeated), after which a replay runs."""
    length = draw(st.integers(1, 40))
    arriving = draw(st.lists(st.integers(1, length), max_size=80))
    replays = draw(st.lists(st.booleans(), min_size=len(arriving), max_size=len(arriving)))
    return length, arriving, replays


@given(deliveries(), st.integers(1, 7))
def test_any_delivery_with_replay_ends_equal_to_the_log(
    delivery: tuple[int, list[int], list[bool]], limit: int
) -> None:
    length, arriving, replays = delivery
    written = [status_of(sequence) for sequence in range(1, length + 1)]
    log = JobLog("job-1")
    shown: list[Any] = []

    def replay() -> None:
        while log.add_page(page_of(written, log.contiguous, limit)):
            shown.extend(log.take_ready())
        shown.extend(log.take_ready())

    for sequence, replays_now in zip(arriving, replays, strict=True):
        log.add_push(written[sequence - 1])
        shown.extend(log.take_ready())
        if replays_now:
            replay()
    replay()
    assert shown == written
    assert log.is_complete


@given(st.lists(st.integers(1, 30), max_size=60))
def test_returned_statuses_never_repeat_nor_go_back(arriving: list[int]) -> None:
    log = JobLog("job-1")
    shown: list[int] = []
    for sequence in arriving:
        log.add_push(status_of(sequence))
        shown += sequences(log.take_ready())
    assert shown == list(range(1, len(shown) + 1))
