"""A2A: each task of a job begins once, ends once, and refers to the one before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from a2a.types.a2a_pb2 import Task, TaskState, TaskStatusUpdateEvent
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.bridge.dialects.a2a_tasks import TaskId, events_of, has_ended, task_of, tasks_of, updates_of
from statusbeam.bridge.tail.events import Joined
from statusbeam.log.snapshot.reopenings import ENDS_KEPT
from statusbeam.model.update import StatusUpdate
from tests.unit.statusbeam.bridge.dialects.logs import LOGS, job_of, steps_of, watched
from tests.unit.statusbeam.log.snapshot.fold_cases import committed, geo, logs, status

COMPLETED, FAILED = TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_FAILED
CANCELED, WORKING = TaskState.TASK_STATE_CANCELED, TaskState.TASK_STATE_WORKING


def updates_by_task(log: Sequence[StatusUpdate]) -> dict[str, list[TaskStatusUpdateEvent]]:
    found: dict[str, list[TaskStatusUpdateEvent]] = defaultdict(list)
    for step in steps_of(log):
        for update in updates_of(step):
            found[update.task_id].append(update)
    return found


def states(updates: Iterable[Task | TaskStatusUpdateEvent]) -> list[TaskState]:
    return [update.status.state for update in updates]


def run(number: int, at: float, *words: str) -> list[StatusUpdate]:
    """A run of the job with these words, from its opening."""
    named: dict[str, Any] = {"metadata": {"run": f"p.{number}", "opened": number}}
    return [status(word, at + place, **named) for place, word in enumerate(("loading_agents", *words))]


def assert_sound(log: Sequence[StatusUpdate]) -> None:
    job, by_task = job_of(log), updates_by_task(log)
    last = TaskId.of(job.head).number
    for number in range(1, last + 1):
        updates = by_task[str(TaskId("job-1", number))]
        ended = [has_ended(update.status) for update in updates]
        assert ended == [False] * (len(ended) - 1) + [number < last or job.head.ended]
        if (task := task_of(job.head, number)) is not None:
            assert task.status.state == updates[-1].status.state
    assert len(by_task) == last


@given(logs.filter(bool))
def test_every_task_of_any_log_ends_once_and_nothing_follows(log: list[StatusUpdate]) -> None:
    assert_sound(log)


@pytest.mark.parametrize("name", [name for name, log in LOGS.items() if log])
def test_every_task_of_a_golden_log_ends_once_and_nothing_follows(name: str) -> None:
    assert_sound(LOGS[name])


@given(logs.filter(bool), st.integers(0, 28))
def test_a_client_that_joins_anywhere_gets_one_task_up_to_its_end(
    log: list[StatusUpdate], joined_at: int
) -> None:
    joined_at = min(max(joined_at, 1), len(log))
    task_id = TaskId.of(job_of(log[:joined_at]).head)
    found = [event for one in watched(log, joined_at) for event in events_of(one, task_id)]
    first, *rest = found
    assert isinstance(first, Task)
    assert {event.task_id for event in rest if isinstance(event, TaskStatusUpdateEvent)} <= {first.id}
    ended = [has_ended(event.status) for event in found]
    assert True not in ended[:-1]
    assert ended[-1] == (TaskId.of(job_of(log).head) != task_id or job_of(log).head.ended)


def test_a_new_run_is_the_next_task_and_refers_to_the_one_before() -> None:
    log = committed([*run(1, 0, "complete"), *run(2, 10, "validating", "error"), *run(3, 20)])
    by_task = updates_by_task(log)
    assert {task_id: states(updates)[-1] for task_id, updates in by_task.items()} == {
        "job-1": COMPLETED,
        "job-1~2": FAILED,
        "job-1~3": TaskState.TASK_STATE_SUBMITTED,
    }
    references = {
        task_id: {tuple(update.status.message.reference_task_ids) for update in updates}
        for task_id, updates in by_task.items()
    }
    assert references == {"job-1": {()}, "job-1~2": {("job-1",)}, "job-1~3": {("job-1~2",)}}
    assert {update.context_id for updates in by_task.values() for update in updates} == {"job-1"}


def test_a_newer_attempt_of_a_failed_job_is_the_next_task() -> None:
    log = committed(
        [geo("agent_invoking"), status("error", 1), status("reopened", 2), status("complete", 3, attempt=2)]
    )
    found = {task_id: states(updates) for task_id, updates in updates_by_task(log).items()}
    assert found == {"job-1": [WORKING, FAILED], "job-1~2": [WORKING, COMPLETED]}


def test_a_job_that_one_status_reopens_and_ends_has_two_tasks() -> None:
    log = committed([status("error"), status("cancelled", 1, attempt=2)])
    found = {task_id: states(updates) for task_id, updates in updates_by_task(log).items()}
    assert found == {"job-1": [FAILED], "job-1~2": [CANCELED]}
    assert states(tasks_of(job_of(log).head)) == [CANCELED, FAILED]


def test_a_run_that_was_left_has_failed_when_the_next_one_begins() -> None:
    log = committed([*run(1, 0, "validating"), *run(2, 10_000, "complete")])
    found = {task_id: states(updates) for task_id, updates in updates_by_task(log).items()}
    assert found["job-1"][-2:] == [WORKING, FAILED]
    assert found["job-1~2"][-1] == COMPLETED


def test_a_late_status_of_an_agent_follows_no_end() -> None:
    log = committed([geo("agent_invoking"), status("complete", 1), geo("agent_complete", 2)])
    assert states(updates_by_task(log)["job-1"]) == [WORKING, COMPLETED]


def test_an_earlier_task_stays_as_it_ended() -> None:
    first = run(1, 0, "validating", "error")
    end = tasks_of(job_of(committed(first)).head)[0]
    for later in ([], run(3, 30, "complete"), run(3, 30, "complete") + run(4, 40)):
        head = job_of(committed([*first, *run(2, 10, "cancelled"), *later])).head
        task = task_of(head, 1)
        assert task is not None
        assert (task.id, task.context_id, task.status.state) == (end.id, end.context_id, FAILED)
        assert task.status.timestamp == end.status.timestamp
        assert task.metadata == end.metadata


def test_the_oldest_of_very_many_tasks_are_forgotten() -> None:
    runs = ENDS_KEPT + 3
    log = committed([one for number in range(1, runs + 1) for one in run(number, 10 * number, "complete")])
    head = job_of(log).head
    numbers = [TaskId.parse(task.id) for task in tasks_of(head)]
    assert numbers == [TaskId("job-1", number) for number in range(runs, 2, -1)]
    assert task_of(head, 2) is None
    assert task_of(head, runs + 1) is None


@given(st.text(min_size=1), st.integers(1, 999_999_999))
def test_a_task_id_is_read_back(job_id: str, number: int) -> None:
    for wanted in (TaskId(job_id, number), TaskId(f"{job_id}~2", number), TaskId(f"{job_id}~2", 1)):
        assert TaskId.parse(str(wanted)) == wanted


def test_a_first_task_has_no_second_id() -> None:
    assert TaskId.parse("job-1~1") is None


def test_a_job_that_is_gone_has_no_task() -> None:
    assert events_of(Joined(job=job_of([])), TaskId("job-1", 1)) == []
