"""Tasks of Celery in its own worker: each try is an attempt, and all statuses are sent before the task
ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import Celery, Task
from celery.contrib.testing.worker import start_worker
from celery.signals import setup_logging

from status_utils import agent_step, job, report_progress, status_handler
from status_utils.testing import Recording, recorded

app = Celery("tests", broker="memory://", backend="cache+memory://")
app.conf.worker_redirect_stdouts = False
setup_logging.connect(lambda **_: None, weak=False)  # Celery leaves logging alone if somebody sets it up


def task(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Celery's decorator, with types."""
    decorator: Callable[[Callable[..., Any]], Any] = app.task(**options)
    return decorator


def ids(this: Task, order: str) -> dict[str, Any]:
    return {
        "job_id": order,
        "user_id": "ana",
        "tenant_id": "city",
        "attempt": this.request.retries + 1,
    }


@task(bind=True, autoretry_for=(ConnectionError,), max_retries=3, default_retry_delay=0)
@status_handler("Geo Agent", ids=ids)
def locate(this: Task, order: str) -> str:
    report_progress(0.5)
    if this.request.retries < 2:
        raise ConnectionError("no map")
    return "Elm Street"


@task()
@status_handler("Geo Agent", ends_job=True)
def by_keywords(job_id: str, user_id: str, tenant_id: str) -> str:
    report_progress(0.5)
    return "Elm Street"


@task()
def with_scopes(order: str) -> list[int]:
    pages = agent_step("Reader")(lambda: (page for page in range(3)))
    with job(job_id=order, user_id="ana", tenant_id="city"):
        return list(pages())


@pytest.fixture
def recording() -> Iterator[Recording]:
    with recorded() as found:
        yield found


@pytest.fixture(scope="module")
def worker() -> Iterator[None]:
    with start_worker(app, pool="threads", concurrency=2, perform_ping_check=False, loglevel="ERROR"):
        yield


@pytest.mark.usefixtures("worker")
def test_the_tries_of_a_task_are_attempts_of_one_invocation(recording: Recording) -> None:
    assert locate.delay("order-1").get(timeout=30) == "Elm Street"
    assert recording.statuses() == [
        *["agent_invoking", "progress", "agent_error"] * 2,
        *["agent_invoking", "progress", "agent_complete"],
    ]
    assert [s["attempt"] for s in recording] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    (agent,) = recording.snapshot("order-1")["agents"]
    assert (agent["status"], agent["attempt"]) == ("success", 3)


@pytest.mark.usefixtures("worker")
def test_the_ids_of_a_task_may_be_its_keywords(recording: Recording) -> None:
    call = by_keywords.delay(job_id="order-2", user_id="ana", tenant_id="city")
    assert call.get(timeout=30) == "Elm Street"
    assert recording.snapshot("order-2")["overallStatus"] == "completed"


@pytest.mark.usefixtures("worker")
def test_tasks_at_once_keep_their_jobs_apart(recording: Recording) -> None:
    calls = [with_scopes.delay(f"job-{number}") for number in range(8)]
    assert [call.get(timeout=30) for call in calls] == [[0, 1, 2]] * 8
    for number in range(8):
        words = [s["status"] for s in recording if s["jobId"] == f"job-{number}"]
        assert words == ["loading_agents", "agent_invoking", "agent_complete", "complete"]


def test_a_task_that_runs_eagerly_reports_equally(recording: Recording) -> None:
    assert locate.apply(args=("order-3",)).get() == "Elm Street"
    assert [s["attempt"] for s in recording if s["status"] != "progress"] == [1, 1, 2, 2, 3, 3]
