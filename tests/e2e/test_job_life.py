"""A job's life through the running system: run again, waiting, cancelled, retried, with wrong clocks."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from status_utils.transports.queue_messages import messages_of
from statusbeam.log.publishing.receiver_clock import time_at
from statusbeam.model.parse import stamped
from tests.e2e.callers import Caller
from tests.e2e.cloud import Cloud, Update, fresh_id
from tests.e2e.waiting import wait_for

GET_JOB = """
query ($jobId: ID!) {
  getJob(jobId: $jobId) {
    overallStatus run runFirstSequence sequence title result workflow liveness leaseExpiresAt progress
    outcome createdAt startedAt endedAt
    waiting { for prompt since until invocationId }
    cancelRequest { by reason at }
    totalTokenUsage { totalTokens }
    agents { name invocationId attempt status liveness waiting { for } }
  }
}
"""
GET_LOG = "query ($jobId: ID!) { listStatusUpdates(jobId: $jobId) { updates { status metadata } } }"


@dataclass
class Reporter:
    """A process that reports one job through the queue, by hand-written payloads, with its own clock."""

    cloud: Cloud
    caller: Caller
    owner: Mapping[str, str]
    ahead: float = 0.0
    sent: int = 0
    job_id: str = field(default_factory=lambda: fresh_id("life"))

    def report(self, word: str, *, times: int = 1, **more: Any) -> None:
        """Send a status, `times` times under other batch ids, and wait until it is in the log."""
        update = {"jobId": self.job_id, **self.owner, "status": word, "message": word, **more}
        update.setdefault("timestamp", time_at(time.time() + self.ahead))
        for _ in range(times):
            payload = {"batchId": fresh_id("batch"), "updates": [update]}
            for message in messages_of(stamped(payload, now=time.time() + self.ahead)):
                self.cloud.aws("sqs").send_message(
                    QueueUrl=self.cloud.outputs.status_queue_url,
                    MessageGroupId=message.group_id,
                    MessageDeduplicationId=message.deduplication_id,
                    MessageBody=message.body,
                )
        self.sent += times
        wait_for(f"{self.sent} statuses", lambda: self.job()["sequence"] >= self.sent)

    def open(self, run: str, **more: Any) -> None:
        """Open the job's scope."""
        self.report("loading_agents", metadata={"run": run, **more})

    def agent(self, word: str, run: str | None = None, *, name: str = "Geo Agent", **more: Any) -> None:
        """Report about an agent."""
        metadata = {**more.pop("metadata", {}), **({"run": run} if run else {})}
        self.report(word, agentName=name, metadata=metadata, **more)

    def job(self) -> Any:
        """The answer of getJob."""
        return self.ask(GET_JOB)["getJob"]

    def late(self) -> list[str]:
        """The words that are marked as having come after the end."""
        updates = self.ask(GET_LOG)["listStatusUpdates"]["updates"]
        return [u["status"] for u in updates if json.loads(u["metadata"] or "{}").get("afterEnd")]

    def ask(self, query: str) -> Any:
        """The answer to a query about the job."""
        answer = self.cloud.graphql(self.caller, query, {"jobId": self.job_id})
        assert "errors" not in answer, answer
        return answer["data"]


@pytest.fixture
def reporter(cloud: Cloud) -> Reporter:
    user = cloud.user(tenant=0)
    owner = {"userId": user.user_id, "tenantId": user.tenant_id}
    return Reporter(cloud=cloud, caller=cloud.caller(user), owner=owner)


def seen(job: Update, *fields: str) -> tuple[Any, ...]:
    return tuple(job[name] for name in fields)


def agents(job: Update) -> list[tuple[str, str, str | None]]:
    return [(agent["name"], agent["status"], agent["liveness"]) for agent in job["agents"]]


def test_the_same_script_twice_is_two_runs_of_one_job(reporter: Reporter) -> None:
    reporter.open("p.1", title="Pothole on Valencia Street", workflow="complaints")
    reporter.agent("agent_complete", "p.1", invocationId="i1", executionTimeMs=5)
    reporter.report("complete", metadata={"run": "p.1", "opened": 1, "result": {"street": "Valencia"}})
    first = reporter.job()
    assert seen(first, "overallStatus", "run", "title", "workflow") == (
        "completed",
        1,
        "Pothole on Valencia Street",
        "complaints",
    )
    assert json.loads(first["result"]) == {"street": "Valencia"}
    assert (first["outcome"], first["startedAt"]) == ("complete", first["createdAt"])
    assert first["endedAt"] > first["startedAt"]
    reporter.open("q.1")
    reporter.agent("agent_invoking", "q.1", invocationId="i2")
    second = reporter.job()
    assert seen(second, "overallStatus", "run", "runFirstSequence", "result") == ("processing", 2, 4, None)
    assert seen(second, "outcome", "endedAt", "createdAt") == (None, None, first["createdAt"])
    assert second["startedAt"] > first["endedAt"]
    assert second["title"] == "Pothole on Valencia Street"
    assert agents(second) == [("Geo Agent", "in-progress", "live")]
    reporter.agent("agent_error", "p.1", invocationId="i2")  # a zombie of the first run
    reporter.report("error", metadata={"run": "p.1", "opened": 1})
    assert agents(reporter.job()) == [("Geo Agent", "in-progress", "live")]
    reporter.report("complete", metadata={"run": "q.1", "opened": 1})
    assert seen(reporter.job(), "overallStatus", "run") == ("completed", 2)


def test_an_opening_delivered_again_under_another_batch_id_opens_nothing(reporter: Reporter) -> None:
    reporter.open("p.1")
    reporter.report("complete", metadata={"run": "p.1", "opened": 1})
    reporter.report("loading_agents", times=2, metadata={"run": "p.1"})
    assert seen(reporter.job(), "overallStatus", "run") == ("completed", 1)
    assert reporter.late() == ["loading_agents", "loading_agents"]


def test_an_asynchronous_retry_without_an_attempt_is_the_next_run_of_a_failed_job(reporter: Reporter) -> None:
    reporter.open("warm.1")
    reporter.agent("agent_error", "warm.1", invocationId="i1")
    reporter.report("error", metadata={"run": "warm.1", "opened": 1})
    assert reporter.job()["overallStatus"] == "failed"
    reporter.open("warm.2")  # Lambda tries again, in the same warm process
    assert seen(reporter.job(), "overallStatus", "run", "agents") == ("initializing", 2, [])
    reporter.report("complete", metadata={"run": "warm.2", "opened": 2})
    assert seen(reporter.job(), "overallStatus", "run") == ("completed", 2)


def test_a_counted_retry_takes_up_a_failed_job_and_leaves_a_completed_one(reporter: Reporter) -> None:
    reporter.report("loading_agents", attempt=1)  # SQS counts the receives of a message
    reporter.report("error", attempt=1)
    reporter.report("loading_agents", attempt=2)
    assert seen(reporter.job(), "overallStatus", "run") == ("processing", 1)
    reporter.report("complete", attempt=2)
    reporter.report("loading_agents", attempt=3)
    assert seen(reporter.job(), "overallStatus", "run") == ("completed", 1)


def test_a_wait_has_no_lease_and_continues_in_the_same_run(reporter: Reporter) -> None:
    reporter.open("p.1")
    waiting = {"for": "approval", "prompt": "Close the case?", "until": "2030-01-01T00:00:00+01:00"}
    reporter.agent("waiting", "p.1", invocationId="ask", metadata={"waiting": waiting})
    job = reporter.job()
    assert seen(job, "overallStatus", "liveness", "leaseExpiresAt") == ("processing", "waiting", None)
    assert {**job["waiting"], "since": None} == {
        **waiting,
        "until": "2029-12-31T23:00:00.000Z",
        "since": None,
        "invocationId": "ask",
    }
    reporter.open("q.1")  # who resumes it, elsewhere
    reporter.agent("agent_complete", "q.1", invocationId="ask")
    assert seen(reporter.job(), "run", "waiting", "liveness") == (1, None, "live")


def test_a_cancelled_job_cancels_what_is_open_whose_own_end_still_counts(reporter: Reporter) -> None:
    reporter.report("loading_agents")
    for name in ("Geo Agent", "Severity Agent"):
        reporter.agent("agent_invoking", name=name)
    reporter.report("cancel_requested", metadata={"cancelRequest": {"by": "boss", "reason": "Filed twice"}})
    asked = reporter.job()
    assert asked["overallStatus"] == "processing"
    assert (asked["cancelRequest"]["by"], asked["cancelRequest"]["reason"]) == ("boss", "Filed twice")
    reporter.report("cancelled", metadata={"result": "half"})
    reporter.agent("agent_complete", name="Severity Agent")
    job = reporter.job()
    assert seen(job, "overallStatus", "liveness", "result") == ("cancelled", "ended", '"half"')
    assert agents(job) == [("Geo Agent", "cancelled", "ended"), ("Severity Agent", "success", "ended")]
    assert reporter.late() == ["agent_complete"]


@pytest.mark.parametrize("ahead", [-7_200, -60, 60, 600])
def test_an_agent_is_live_with_any_clock(reporter: Reporter, ahead: float) -> None:
    reporter.ahead = ahead
    reporter.agent("agent_invoking")
    reporter.agent("heartbeat")
    job = reporter.job()
    assert job["liveness"] == "live"
    assert agents(job) == [("Geo Agent", "in-progress", "live")]


def test_a_lease_beyond_a_day_is_clamped_to_a_day_and_marked(reporter: Reporter) -> None:
    reporter.agent("agent_invoking", metadata={"leaseSeconds": 90_000})
    (update,) = reporter.ask(GET_LOG)["listStatusUpdates"]["updates"]
    assert json.loads(update["metadata"])["clamped"] == {"leaseSeconds": 90_000}
    assert reporter.job()["liveness"] == "live"
