"""The snapshot of work that is retried, run again or stopped: from the calls to the fold."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import celery
import pytest

from status_utils import AgentHandoffManager, StatusTracker, job, publish_agent_status, status_handler
from status_utils.testing import Recording, recorded

OWNER = ("job-1", "ana", "city")
IDS: dict[str, Any] = dict(zip(("job_id", "user_id", "tenant_id"), OWNER, strict=True))
EVENT = dict(zip(("jobId", "userId", "tenantId"), OWNER, strict=True))


@pytest.fixture
def recording() -> Iterator[Recording]:
    with recorded() as found:
        yield found


def state(recording: Recording) -> tuple[Any, ...]:
    """The job's state and progress, and its agents' names, states and attempts."""
    found = recording.snapshot("job-1")
    agents = [(agent["name"], agent["status"], agent["attempt"]) for agent in found["agents"]]
    return found["overallStatus"], found["progress"], agents


def work(n: int) -> str:
    """Fails at the first try."""
    if n == 0:
        raise ConnectionError("throttled")
    return "ok"


def scoped(n: int, **more: Any) -> None:
    with job(**IDS, **more) as j, j.agent("Geo Agent"):
        work(n)


def by_tracker(n: int, **more: Any) -> None:
    tracker = StatusTracker(*OWNER, **more)
    tracker.initialize_status(["Geo Agent"])
    tracker.update_agent_status("Geo Agent", "in-progress")
    tracker.update_agent_status("Geo Agent", "success" if n else "error")
    tracker.finalize_status("success" if n else "error")


def by_handoff(n: int, **more: Any) -> None:
    async def hand_over() -> None:
        handoffs = AgentHandoffManager("ana", "city")
        handoffs.register("Geo Agent", work)
        async with job(**IDS, **more):
            await handoffs.call_agent("Geo Agent", n)

    asyncio.run(hand_over())


@status_handler("Geo Agent", ends_job=True)
def handler(event: dict[str, Any], context: Any) -> str:
    return work(event["n"])


def by_queue(n: int) -> None:
    record = {"messageId": "m-1", "attributes": {"ApproximateReceiveCount": str(n + 1)}}
    handler({**EVENT, "n": n, "Records": [record]}, None)


def by_queue_without_a_decorator(n: int) -> None:
    record = {"attributes": {"ApproximateReceiveCount": str(n + 1)}}
    count: Any = record["attributes"]["ApproximateReceiveCount"]
    scoped(n, attempt=count)


RETRIES: list[Any] = [
    # how the work is tried, which attempt of the agent is shown in the end
    pytest.param(lambda n: handler({**EVENT, "n": n, "retryCount": n}, None), 2, id="Step Functions"),
    pytest.param(lambda n: handler({**EVENT, "n": n}, None), 1, id="asynchronous Lambda"),
    pytest.param(by_queue, 2, id="SQS"),
    pytest.param(by_queue_without_a_decorator, 2, id="SQS, job(attempt=)"),
    pytest.param(scoped, 1, id="job(), Batch or the same script twice"),
    pytest.param(lambda n: scoped(n, attempt=str(n + 1)), 2, id="Batch, AWS_BATCH_JOB_ATTEMPT"),
    pytest.param(by_tracker, 1, id="tracker"),
    pytest.param(lambda n: by_tracker(n, attempt=n + 1), 2, id="tracker, counted"),
    pytest.param(by_handoff, 1, id="hand-off"),
    pytest.param(lambda n: by_handoff(n, attempt=n + 1), 2, id="hand-off, counted"),
]


@pytest.mark.parametrize(("attempt_work", "attempt"), RETRIES)
def test_a_retry_that_succeeds_completes_the_job(
    recording: Recording, attempt_work: Callable[[int], object], attempt: int
) -> None:
    for n in (0, 1):
        with contextlib.suppress(ConnectionError):
            attempt_work(n)
        if n == 0:
            assert state(recording)[0] == "failed"
    assert state(recording) == ("completed", 100.0, [("Geo Agent", "success", attempt)])


@pytest.mark.parametrize("counted", [False, True])
def test_a_celery_task_that_is_retried_completes_its_job(recording: Recording, counted: bool) -> None:
    app = celery.Celery("tests", broker="memory://")
    app.conf.task_always_eager = True
    tries: list[int] = []

    @app.task(
        bind=True, shared=False, autoretry_for=(ConnectionError,), retry_backoff=False, default_retry_delay=0
    )  # type: ignore[untyped-decorator]
    def locate(task: Any) -> None:
        tries.append(task.request.retries)
        scoped(task.request.retries, **({"attempt": task.request.retries + 1} if counted else {}))

    locate.delay()
    assert tries == [0, 1]
    assert state(recording) == ("completed", 100.0, [("Geo Agent", "success", 2 if counted else 1)])


def test_a_process_that_crashed_is_followed_by_the_next_attempt(recording: Recording) -> None:
    crashed = job(**IDS, attempt=1).start()
    crashed.agent("Geo Agent").start()
    scoped(1, attempt=2)
    assert state(recording) == ("completed", 100.0, [("Geo Agent", "success", 2)])


def test_a_job_that_runs_again_is_shown_as_it_works(recording: Recording) -> None:
    with job(**IDS, title="Pothole") as j, j.agent("Geo Agent"):
        j.complete("Done", result={"ticket": 7})
    with job(**IDS) as j, j.agent("Street Agent"):
        again = recording.snapshot("job-1")
        assert (again["overallStatus"], again["run"], again["title"]) == ("processing", 2, "Pothole")
        assert (again["progress"], again["result"]) == (None, None)
        assert [agent["name"] for agent in again["agents"]] == ["Street Agent"]
    assert state(recording) == ("completed", 100.0, [("Street Agent", "success", 1)])


def test_a_scope_that_resumes_a_waiting_job_joins_its_run(recording: Recording) -> None:
    with job(**IDS) as asking, asking.agent("Geo Agent", invocation_id="geo-1") as agent:
        agent.waiting(for_="approval")
    with job(**IDS) as resuming:
        assert resuming.run != asking.run
        with resuming.agent("Geo Agent", invocation_id="geo-1"):
            assert recording.snapshot("job-1")["run"] == 1
    assert state(recording) == ("completed", 100.0, [("Geo Agent", "success", 1)])
    assert recording.snapshot("job-1")["run"] == 1


def test_late_statuses_of_an_older_run_change_nothing(recording: Recording) -> None:
    zombie = job(**IDS).start()
    lost = zombie.agent("Geo Agent").start()
    zombie.fail("The machine is going away")
    scoped(1)
    before = state(recording)
    lost.fail("Too late")
    zombie.status("validating", "Too late")
    assert state(recording) == before == ("completed", 100.0, [("Geo Agent", "success", 1)])


def test_a_completed_job_holds_against_a_late_retry(recording: Recording) -> None:
    scoped(1, attempt=1)
    with pytest.raises(ConnectionError):
        scoped(0, attempt=2)
    assert state(recording)[0] == "completed"


def test_a_part_that_fails_and_is_retried_leaves_the_job_to_others(recording: Recording) -> None:
    with job(**IDS):
        for n in (0, 1):
            with contextlib.suppress(ConnectionError):
                scoped(n, attempt=n + 1, ends_job=False)
        assert state(recording)[0] == "processing"
        assert state(recording)[2] == [("Geo Agent", "success", 2)]


# --- title, result, cancelled -----------------------------------------------------------------------------


def test_a_job_has_its_title_and_its_result(recording: Recording) -> None:
    with job(**IDS, title="Pothole on Valencia Street") as j:
        assert recording.snapshot("job-1")["title"] == "Pothole on Valencia Street"
        j.complete("Sent to the road works", result={"ticket": 4711})
    assert recording.snapshot("job-1")["result"] == {"ticket": 4711}


@pytest.mark.parametrize("how", ["cancel", "CancelledError", "tracker", "publish"])
def test_work_that_is_stopped_on_purpose_is_cancelled(recording: Recording, how: str) -> None:
    if how == "tracker":
        tracker = StatusTracker(*OWNER)
        tracker.initialize_status(["Geo Agent"])
        tracker.update_agent_status("Geo Agent", "cancelled")
        tracker.finalize_status("cancelled")
    else:
        with contextlib.suppress(asyncio.CancelledError), job(**IDS) as j, j.agent("Geo Agent") as agent:
            if how == "CancelledError":
                raise asyncio.CancelledError
            if how == "cancel":
                agent.cancel("Not needed")
            else:
                publish_agent_status(*OWNER, "Geo Agent", "cancelled", "Not needed")
            j.cancel("Ana stopped it")
    assert state(recording)[0] == "cancelled"
    assert state(recording)[2] == [("Geo Agent", "cancelled", 1)]


def test_an_agent_that_is_open_at_its_jobs_end_is_cancelled_until_its_own_end(recording: Recording) -> None:
    with job(**IDS) as j:
        agent = j.agent("Geo Agent").start()
    assert state(recording)[2] == [("Geo Agent", "cancelled", 1)]
    agent.complete("Found after all")
    assert state(recording)[2] == [("Geo Agent", "success", 1)]
