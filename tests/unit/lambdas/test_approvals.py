"""Approvals: a waiting state gets its answer, in either order of state and answer."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lambdas.approvals import _wiring
from lambdas.approvals import handler as approvals
from lambdas.approvals.handler import handler
from lambdas.approvals.waits import Waits
from statusbeam.model.settings import WAITING_ANSWERED
from tests.unit.samples import NOW

NO_CONTEXT = cast("Any", None)
Event = dict[str, Any]


def asks(kept: str = "token-1", *, after: float = 0) -> Event:
    """A waiting state of a workflow, a number of seconds after NOW."""
    at = datetime.fromtimestamp(NOW + after, UTC).isoformat(timespec="milliseconds")
    wait = {"jobId": "job-1", "tenantId": "city", "invocationId": "i1", "askedAt": at.replace("+00:00", "Z")}
    return {**wait, "taskToken": kept}


def answers(*, after: float = 5, **changes: Any) -> Event:
    detail = {"jobId": "job-1", "tenantId": "city", "invocationId": "i1", "approved": True, "by": "olga"}
    detail |= {"answeredAtMs": int((NOW + after) * 1000), **changes}
    return {"detail-type": WAITING_ANSWERED, "detail": detail}


class World:
    """The function on a table, and the answers to Step Functions."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.sent: list[tuple[str, Any]] = []
        self.still_waits = True

    def send(self, token: str, answer: str) -> bool:
        self.sent.append((token, json.loads(answer)))
        return self.still_waits

    def handle(self, *events: Event) -> list[tuple[str, Any]]:
        for event in events:
            handler(event, NO_CONTEXT)
        return self.sent

    def kept(self) -> list[Any]:
        return list(self.client.scan(TableName="Waits")["Items"])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="Waits",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("job", "invocation")
            ],
            KeySchema=[
                {"AttributeName": "job", "KeyType": "HASH"},
                {"AttributeName": "invocation", "KeyType": "RANGE"},
            ],
        )
        made, waits = World(client), Waits(client, "Waits")
        monkeypatch.setattr(approvals, "waits", lambda: waits)
        monkeypatch.setattr(approvals, "send", made.send)
        yield made


APPROVED = {"approved": True, "by": "olga"}


@pytest.mark.parametrize("events", [*itertools.permutations([asks(), answers()])], ids=["asks first", "late"])
def test_a_state_gets_its_answer_in_whatever_order_they_come(world: World, events: tuple[Event, ...]) -> None:
    assert world.handle(*events) == [("token-1", APPROVED)]
    assert world.kept() == []


def test_a_rejection_reaches_the_state_with_its_comment(world: World) -> None:
    rejected: dict[str, Any] = {"approved": False, "by": "olga", "comment": "too loud"}
    assert world.handle(asks(), answers(**rejected)) == [("token-1", rejected)]


@pytest.mark.parametrize(
    "other",
    [{"jobId": "job-2"}, {"tenantId": "village"}, {"invocationId": "i2"}, {"invocationId": None}],
    ids=["another job", "another tenant", "another agent", "the job itself"],
)
def test_a_state_gets_no_answer_that_was_given_to_another_wait(world: World, other: Event) -> None:
    assert world.handle(asks(), answers(**other)) == []
    assert world.handle(answers()) == [("token-1", APPROVED)]


def test_an_answer_to_an_earlier_attempt_is_none_to_the_next(world: World) -> None:
    assert world.handle(answers(after=5), asks("token-2", after=10)) == []
    assert world.handle(answers(after=15, approved=False)) == [("token-2", {"approved": False, "by": "olga"})]


def test_a_state_that_asks_again_gets_the_answer_with_its_newest_token(world: World) -> None:
    assert world.handle(asks("token-1"), asks("token-2", after=10), answers(after=15)) == [
        ("token-2", APPROVED)
    ]


def test_an_event_that_is_repeated_answers_once(world: World) -> None:
    assert world.handle(asks(), answers(), answers()) == [("token-1", APPROVED)]


def test_a_state_that_no_longer_waits_is_forgotten(world: World) -> None:
    world.still_waits = False
    world.handle(asks(), answers())
    assert world.kept() == []


def test_the_function_returns_and_logs_no_token(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="lambdas.approvals")
    world.handle(asks("token-secret"), answers())
    assert "job-1" in caplog.text
    assert "token-secret" not in caplog.text


def test_stored_items_expire(world: World) -> None:
    world.handle(asks(), answers(invocationId="i2"))
    assert all(int(item["ttl"]["N"]) > NOW for item in world.kept())
    assert len(world.kept()) == 2


class StepFunctions:
    """The service, which refuses a token."""

    def __init__(self, code: str) -> None:
        self._code = code

    def send_task_success(self, **_: str) -> None:
        raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "SendTaskSuccess")


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_an_expired_token_is_no_failure(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(_wiring, "_step_functions", lambda: StepFunctions(code))
    assert not _wiring.send("token", "{}")


def test_a_service_that_fails_is_asked_again_by_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wiring, "_step_functions", lambda: StepFunctions("ThrottlingException"))
    with pytest.raises(ClientError):
        _wiring.send("token", "{}")
