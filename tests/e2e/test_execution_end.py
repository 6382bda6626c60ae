"""A job ends with its execution: by the workflow's own final status or by the closer's, never by both."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.cloud import Cloud
from tests.e2e.executions import (
    changed_machine,
    start,
    tell_closer,
    waiting_for_its_agents,
)
from tests.e2e.waiting import wait_for

TOO_LARGE_FOR_AN_EVENT = 250 * 1024
STOPPED = "The workflow was cancelled."
FAILED = "The workflow failed: one of its steps failed."


def failing_at_once(definition: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "Broken", "States": {"Broken": {"Type": "Fail", "Error": "Broken", "Cause": "secret"}}}


def test_a_job_whose_execution_is_stopped_is_cancelled_with_one_final_status(cloud: Cloud) -> None:
    with changed_machine(cloud, waiting_for_its_agents):
        job = start(cloud, complaint="A pothole on Main Street")
        wait_for("the first checkpoint", lambda: bool(job.log()))
        cloud.aws("stepfunctions").stop_execution(executionArn=job.execution_arn)
        wait_for("the last word", lambda: bool(job.ends()))
    tell_closer(cloud, job.event("ABORTED"))  # EventBridge delivers at least once
    sign = job.say_something()
    wait_for("the status behind it", lambda: job.has_heard(sign))
    assert job.ends() == [("cancelled", STOPPED)]
    assert job.overall_status() == "cancelled"


def test_a_job_that_completes_has_only_its_own_final_status(cloud: Cloud) -> None:
    job = start(cloud, complaint="A pothole on Main Street")
    wait_for("the end of the execution", lambda: job.execution_status() == "SUCCEEDED")
    told = tell_closer(cloud, job.event("SUCCEEDED"))
    assert told["updates"][0]["status"] == "complete"
    sign = job.say_something()
    wait_for("the status behind it", lambda: job.has_heard(sign))
    ((status, message),) = job.ends()
    assert (status, job.overall_status()) == ("complete", "completed")
    assert message != told["updates"][0]["message"]


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="input in the event"),
        pytest.param({"complaint": "x" * TOO_LARGE_FOR_AN_EVENT}, id="input to be asked for"),
    ],
)
def test_an_execution_that_fails_before_its_first_checkpoint_ends_its_job(
    cloud: Cloud, more: dict[str, str]
) -> None:
    with changed_machine(cloud, failing_at_once):
        job = start(cloud, **more)
        wait_for("the last word", lambda: bool(job.ends()))
    assert [(update["status"], update["message"]) for update in job.log()] == [("error", FAILED)]
    assert job.overall_status() == "failed"


def test_a_redriven_execution_reopens_its_job(cloud: Cloud) -> None:
    with changed_machine(cloud, failing_at_once):
        job = start(cloud)
        wait_for("the last word", lambda: bool(job.ends()))
    tell_closer(cloud, job.event("RUNNING", redrives=1))  # the emulator redrives nothing
    sign = job.say_something()
    wait_for("the status behind it", lambda: job.has_heard(sign))
    reopened = job.log()[1]
    assert (reopened["status"], int(reopened["attempt"])) == ("reopened", 2)
    assert job.overall_status() == "processing"
    tell_closer(cloud, job.event("SUCCEEDED", redrives=1))
    wait_for("the end of its second run", lambda: job.overall_status() == "completed")
