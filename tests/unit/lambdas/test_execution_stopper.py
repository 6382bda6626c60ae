"""The stopper on events in any order: it stops only the executions of a cancelled job."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from lambdas.execution_stopper import handler as stopper
from lambdas.execution_stopper.executions import Executions
from lambdas.execution_stopper.handler import handler
from statusbeam.model.settings import CANCEL_REQUESTED
from tests.unit.samples import NOW

NO_CONTEXT = cast("Any", None)
STARTED = int(NOW * 1000)
Event = dict[str, Any]


def change(status: str, arn: str = "arn:1", *, job: str = "job-1", **detail: Any) -> Event:
    text = json.dumps({"jobId": job, "userId": "ana", "tenantId": "city"})
    known = {"executionArn": arn, "status": status, "startDate": STARTED, "redriveCount": 0, "input": text}
    return {"detail-type": "Step Functions Execution Status Change", "detail": {**known, **detail}}


def request(job: str = "job-1", *, after_ms: int = 500, tenant: str = "city") -> Event:
    detail = {"jobId": job, "tenantId": tenant, "requestedAtMs": STARTED + after_ms}
    return {"detail-type": CANCEL_REQUESTED, "detail": detail}


class World:
    """The stopper on a table, and the executions that it stopped."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.stopped: set[str] = set()

    def handle(self, *events: Event) -> set[str]:
        for event in events:
            handler(event, NO_CONTEXT)
        return self.stopped

    def kept(self) -> set[str]:
        return {item["execution"]["S"] for item in self.client.scan(TableName="Executions")["Items"]}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="Executions",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("job", "execution")
            ],
            KeySchema=[
                {"AttributeName": "job", "KeyType": "HASH"},
                {"AttributeName": "execution", "KeyType": "RANGE"},
            ],
        )
        made, executions = World(client), Executions(client, "Executions")
        monkeypatch.setattr(stopper, "executions", lambda: executions)
        monkeypatch.setattr(stopper, "stop", made.stopped.add)
        monkeypatch.setattr(stopper, "described_input", lambda arn: pytest.fail(f"asked about {arn}"))
        yield made


def test_the_executions_of_a_cancelled_job_are_stopped_and_no_others(world: World) -> None:
    running = [
        change("RUNNING", "arn:1"),
        change("RUNNING", "arn:2"),
        change("RUNNING", "arn:3", job="job-2"),
    ]
    assert world.handle(*running, request()) == {"arn:1", "arn:2"}


def test_a_job_with_that_id_in_another_tenant_continues(world: World) -> None:
    assert world.handle(change("RUNNING"), request(tenant="village")) == set()


@pytest.mark.parametrize("end", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_an_execution_that_has_ended_is_forgotten(world: World, end: str) -> None:
    assert world.handle(change("RUNNING"), change(end)) == set()
    assert world.kept() == set()
    assert world.handle(request()) == set()


def test_start_and_request_may_come_in_any_order_and_again(world: World) -> None:
    for events in itertools.permutations([change("RUNNING"), request()]):
        world.stopped.clear()
        assert world.handle(*events, *events) == {"arn:1"}, events


def test_a_job_that_is_started_after_its_cancellation_continues(world: World) -> None:
    world.handle(request(after_ms=-1))
    assert world.handle(change("RUNNING")) == set()


def test_a_redriven_execution_runs_until_it_is_cancelled_itself(world: World) -> None:
    world.handle(change("RUNNING"), request(), change("ABORTED"))
    world.stopped.clear()
    assert world.handle(change("RUNNING", redriveCount=1)) == set()
    assert world.handle(request(after_ms=9_000)) == {"arn:1"}


def test_an_input_too_large_for_the_event_is_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps({"jobId": "job-1", "tenantId": "city", "complaint": "long"})
    monkeypatch.setattr(stopper, "described_input", {"arn:1": text}.__getitem__)
    assert world.handle(change("RUNNING", input=None), request()) == {"arn:1"}


@pytest.mark.parametrize(
    "text", ["{}", '{"jobId": "j"}', '{"jobId": 7, "tenantId": "t"}', '["jobId"]', "", "{", "[" * 100_000]
)
def test_an_execution_that_is_no_job_is_left_alone(world: World, text: str) -> None:
    assert world.handle(change("RUNNING", input=text)) == set()
    assert world.kept() == set()
