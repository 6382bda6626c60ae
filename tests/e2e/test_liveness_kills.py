"""If a part of the running system dies, readers detect it by the clock, and get the end once it is reported.

Time is shifted, not waited for: readers look at the job with a clock that is ahead.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from status_utils import QueueTransport, publish_agent_status, publish_orchestrator_status
from statusbeam.localcloud.outputs import DemoUser
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_view import job_view
from statusbeam.model.job_key import JobKey
from statusbeam.model.limits import HEARTBEAT_SECONDS, LEASE_SECONDS, LOST_AFTER_SECONDS
from statusbeam.model.update import StatusUpdate
from tests.browser.fault_board import FaultBoard
from tests.e2e.appsync_socket import connected
from tests.e2e.broken_parts import changed_environment, stopped_publisher
from tests.e2e.cloud import Cloud, fresh_id
from tests.e2e.executions import (
    changed_machine,
    start,
    tell_closer,
    waiting_for_its_agents,
)
from tests.e2e.grants import without_grant
from tests.e2e.mortals import mortal_agent, mortal_publisher
from tests.e2e.waiting import wait_for

NOTICED = LEASE_SECONDS + HEARTBEAT_SECONDS
"""By then every reader calls it stale."""
LOST = LEASE_SECONDS + LOST_AFTER_SECONDS + HEARTBEAT_SECONDS

GET_JOB = "query($id: ID!) { getJob(jobId: $id) { overallStatus liveness sequence } }"
GET_LOG = """
query($id: ID!) { listStatusUpdates(jobId: $id) { recovered updates {
  jobId userId tenantId eventId sequence type status message agentName invocationId parentInvocationId attempt
  toolName progress executionTimeMs timestamp metadata
} } }
"""


@pytest.fixture
def clock(cloud: Cloud) -> Iterator[FaultBoard]:
    board = FaultBoard(cloud.outputs.graphql_url)
    yield board
    board.reset()


@pytest.fixture
def user(cloud: Cloud) -> DemoUser:
    return cloud.user(tenant=0)


@pytest.fixture
def readers(cloud: Cloud, clock: FaultBoard, user: DemoUser) -> Readers:
    return Readers(cloud, clock, user)


class Readers:
    """All readers of a job, with their own clocks."""

    def __init__(self, cloud: Cloud, clock: FaultBoard, user: DemoUser) -> None:
        self._cloud, self._clock, self._caller = cloud, clock, cloud.caller(user)

    def see(self, job_id: str, *, later: float = 0.0) -> set[tuple[str, str]]:
        """(overall status, liveness) of getJob and the Python client, `later` seconds from now."""
        self._clock.switch(clockAheadSeconds=later)
        job = self._ask(GET_JOB, job_id)["getJob"]
        log = self._ask(GET_LOG, job_id)["listStatusUpdates"]
        assert log["recovered"]
        view = job_view(fold(map(StatusUpdate.from_store, log["updates"])), now=time.time() + later)
        return {(told["overallStatus"], told["liveness"]) for told in (job, view)}

    def agents(self, job_id: str, *, later: float) -> dict[str, str]:
        """The Python client's liveness of each agent."""
        log = self._ask(GET_LOG, job_id)["listStatusUpdates"]
        view = job_view(fold(map(StatusUpdate.from_store, log["updates"])), now=time.time() + later)
        return {agent["name"]: agent["liveness"] for agent in view["agents"]}

    def _ask(self, query: str, job_id: str) -> Any:
        answer = self._cloud.graphql(self._caller, query, {"id": job_id})
        assert "errors" not in answer, answer
        return answer["data"]


@pytest.fixture
def transport(cloud: Cloud) -> QueueTransport:
    return QueueTransport(cloud.outputs.status_queue_url, new_client=lambda: cloud.aws("sqs"))


def said(cloud: Cloud, job_id: str) -> list[str]:
    """The words of a job's log."""
    log = cloud.log(JobKey(cloud.user(tenant=0).tenant_id, job_id))
    return [status["status"] for status in log]


def begin(job_id: str, user: DemoUser, transport: QueueTransport) -> None:
    assert publish_agent_status(
        job_id, user.user_id, user.tenant_id, "Geo", "agent_invoking", "At work", transport=transport
    )


def finish(job_id: str, user: DemoUser, transport: QueueTransport, word: str = "complete") -> None:
    assert publish_orchestrator_status(
        job_id, user.user_id, user.tenant_id, word, "The end", transport=transport
    )


# --- the agent


def test_an_agent_that_dies_at_work_is_detected_and_its_caller_ends_the_job(
    cloud: Cloud, readers: Readers, user: DemoUser, transport: QueueTransport
) -> None:
    job_id = fresh_id("job")
    event = {"job_id": job_id, "user_id": user.user_id, "tenant_id": user.tenant_id}
    with mortal_agent(cloud) as name:
        answer = cloud.aws("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
        assert "FunctionError" in answer
    wait_for("its one status", lambda: said(cloud, job_id) == ["agent_invoking"])
    assert readers.see(job_id) == {("processing", "live")}
    assert readers.see(job_id, later=NOTICED) == {("processing", "stale")}
    assert readers.agents(job_id, later=NOTICED) == {"Mortal": "stale"}
    assert readers.see(job_id, later=LOST) == {("processing", "lost")}
    finish(job_id, user, transport, "error")
    wait_for("the end", lambda: "error" in said(cloud, job_id))
    assert readers.see(job_id, later=LOST) == {("failed", "ended")}
    assert readers.agents(job_id, later=LOST) == {"Mortal": "ended"}


# --- the publisher


@contextmanager
def impatient_queue(cloud: Cloud) -> Iterator[None]:
    """Messages of a dead publisher are redelivered within seconds, repeatedly.

    With the queue's own limit, a slow machine would find the message among the dead letters.
    """
    sqs, queue = cloud.aws("sqs"), cloud.outputs.status_queue_url
    names = ["VisibilityTimeout", "RedrivePolicy"]
    before = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    redrive = {**json.loads(before["RedrivePolicy"]), "maxReceiveCount": 1_000}
    impatient = {"VisibilityTimeout": "2", "RedrivePolicy": json.dumps(redrive)}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=impatient)
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes=before)


Breaks = Callable[[Cloud], AbstractContextManager[None]]
BROKEN: dict[str, tuple[Breaks, bool]] = {
    "is throttled": (stopped_publisher, False),
    "cannot start": (lambda cloud: changed_environment(cloud, {"STATUS_TABLE": ""}), False),
    "cannot reach the table": (
        lambda cloud: changed_environment(cloud, {"STATUS_TABLE": "gone"}),
        False,
    ),
    "may push no longer": (
        lambda cloud: without_grant(cloud, cloud.outputs.publisher_function_arn, "appsync:GraphQL"),
        True,
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_publisher_that(
    cloud: Cloud, readers: Readers, user: DemoUser, transport: QueueTransport, how: str
) -> None:
    """Readers detect the silence. After the recovery, each status is there once."""
    breaks, commits = BROKEN[how]
    job_id = fresh_id("job")
    begin(job_id, user, transport)
    wait_for("its beginning", lambda: said(cloud, job_id) == ["agent_invoking"])
    with impatient_queue(cloud):
        with breaks(cloud):
            finish(job_id, user, transport)
            if commits:
                wait_for("the commit", lambda: "complete" in said(cloud, job_id))
            else:
                assert readers.see(job_id, later=NOTICED) == {("processing", "stale")}
        wait_for("the end", lambda: "complete" in said(cloud, job_id))
    assert said(cloud, job_id) == ["agent_invoking", "complete"]
    assert readers.see(job_id, later=LOST) == {("completed", "ended")}


STEPS = {
    "before TransactGetItems": False,
    "before TransactWriteItems": False,
    "after TransactWriteItems": True,
    "before push": True,
    "after push": True,
}
"""Where its process ends, and whether what it was publishing is committed by then."""

WATCH = """
subscription($user: ID!, $job: ID!) { onStatusUpdate(userId: $user, jobId: $job) { jobId message } }
"""


@pytest.mark.parametrize("at", STEPS)
def test_a_killed_publisher_loses_no_status_and_repeats_none(
    cloud: Cloud, readers: Readers, user: DemoUser, transport: QueueTransport, at: str
) -> None:
    """Watchers also get statuses that it had committed and not pushed."""
    job_id = fresh_id("job")
    with connected(cloud.outputs.realtime_url, cloud.host, cloud.caller(user)) as watcher:
        assert watcher.start(WATCH, {"user": user.user_id, "job": job_id})["type"] == "start_ack"
        begin(job_id, user, transport)
        wait_for("its beginning", lambda: said(cloud, job_id) == ["agent_invoking"])
        with impatient_queue(cloud):
            with mortal_publisher(cloud, at, f"DIED#{job_id}") as has_died:
                finish(job_id, user, transport)
                wait_for("its death", has_died)
                ended = ("completed", "ended") if STEPS[at] else ("processing", "stale")
                assert readers.see(job_id, later=NOTICED) == {ended}
            wait_for("the end", lambda: "complete" in said(cloud, job_id))
            watcher.until_message("The end")
    assert said(cloud, job_id) == ["agent_invoking", "complete"]
    assert readers.see(job_id, later=LOST) == {("completed", "ended")}


# --- the state machine


@contextmanager
def nobody_is_told(cloud: Cloud) -> Iterator[None]:
    """The rule that feeds the closer, off."""
    events = cloud.aws("events")
    (rule,) = (r["Name"] for r in events.list_rules()["Rules"] if "redriveCount" in r.get("EventPattern", ""))
    events.disable_rule(Name=rule)
    try:
        yield
    finally:
        events.enable_rule(Name=rule)


def test_a_stopped_state_machine_is_detected_before_its_event(cloud: Cloud, readers: Readers) -> None:
    with changed_machine(cloud, waiting_for_its_agents), nobody_is_told(cloud):
        job = start(cloud, complaint="A pothole on Main Street")
        wait_for("the first checkpoint", lambda: bool(job.log()))
        cloud.aws("stepfunctions").stop_execution(executionArn=job.execution_arn)
        assert readers.see(job.job_id) == {("initializing", "live")}
        assert readers.see(job.job_id, later=NOTICED) == {("initializing", "stale")}
    tell_closer(cloud, job.event("ABORTED"))
    wait_for("the last word", lambda: bool(job.ends()))
    assert readers.see(job.job_id, later=LOST) == {("cancelled", "ended")}
