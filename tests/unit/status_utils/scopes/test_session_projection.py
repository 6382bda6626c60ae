"""The table of sessions: one item for each session, from any writer, with and without AppSync."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from boto3.dynamodb.types import TypeDeserializer
from moto import mock_aws

from status_utils import MemoryTransport, StatusTracker, TransportError
from status_utils.defaults import default_session_table
from status_utils.scopes.projection import SessionProjection
from status_utils.scopes.session_item import AGENTS_KEPT, item_after
from status_utils.transports import session_table
from status_utils.transports.session_table import SessionTable
from tests.unit.dynamo_tables import one_request_at_a_time
from tests.unit.samples import NOW, StoppedClock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "Sessions"
DAYS_90 = 90 * 86_400


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "sessionId", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "sessionId", "KeyType": "HASH"}],
        )
        monkeypatch.setenv("STATUS_TABLE_NAME", TABLE)
        default_session_table.cache_clear()
        yield client
        default_session_table.cache_clear()


@pytest.fixture
def time() -> StoppedClock:
    return StoppedClock(time=4_102_444_800.0)  # 2100: no item's time is over meanwhile


def item(client: DynamoDBClient, session_id: str) -> dict[str, Any]:
    found = client.get_item(TableName=TABLE, Key={"sessionId": {"S": session_id}})["Item"]
    plain = TypeDeserializer().deserialize({"M": found})
    return json.loads(json.dumps(plain, default=_number))  # type: ignore[no-any-return]


def _number(value: Decimal) -> float:
    return int(value) if value == int(value) else float(value)


def test_a_session_is_one_item_that_needs_no_transport(client: DynamoDBClient, time: StoppedClock) -> None:
    tracker = StatusTracker("job-1", "ana", "city", correlation_id="request-7", clock=time.clock())
    plan: list[Any] = ["Geo Agent", {"name": "Work Order Agent", "dependsOn": ["Geo Agent"]}]
    assert tracker.initialize_status(plan)
    time.time += 1
    assert tracker.update_agent_status("Geo Agent", "in-progress", "Reading the address", percent=40)
    time.time += 1.5
    usage = {"inputTokens": 900, "outputTokens": 40}
    assert tracker.update_agent_status("Geo Agent", "success", "Found Elm Street", token_usage=usage)
    assert tracker.finalize_status("completed")
    total = {"inputTokens": 900, "outputTokens": 40, "totalTokens": 940}
    assert item(client, "session-request-7") == {
        "sessionId": "session-request-7",
        "correlationId": "request-7",
        "jobId": "job-1",
        "userId": "ana",
        "tenantId": "city",
        "overallStatus": "completed",
        "agents": [
            {
                "name": "Geo Agent",
                "status": "success",
                "attempt": 1,
                "activity": "Found Elm Street",
                "progress": 100,
                "startedAt": "2100-01-01T00:00:01.000Z",
                "completedAt": "2100-01-01T00:00:02.500Z",
                "duration": 1.5,
                "tokenUsage": total,
            },
            {"name": "Work Order Agent", "status": "pending", "attempt": 1, "dependsOn": ["Geo Agent"]},
        ],
        "totalTokenUsage": total,
        "createdAt": "2100-01-01T00:00:00.000Z",
        "lastUpdated": "2100-01-01T00:00:02.500Z",
        "expiresAt": 4_102_444_802 + DAYS_90,
        "version": 4,
    }


def test_where_there_is_a_transport_the_statuses_are_published_as_well(client: DynamoDBClient) -> None:
    transport = MemoryTransport()
    tracker = StatusTracker("job-1", "ana", "city", session_id="s-1", transport=transport)
    assert tracker.initialize_status(["Geo Agent"])
    assert tracker.finalize_status("failed", error=RuntimeError("host geo-db-3 is down"))
    assert [p["updates"][0]["status"] for p in transport.sent] == ["loading_agents", "error"]
    assert item(client, "s-1")["overallStatus"] == "failed"
    assert "geo-db-3" not in str(item(client, "s-1"))


def test_without_the_setting_no_table_is_written(
    client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STATUS_TABLE_NAME")
    default_session_table.cache_clear()
    assert StatusTracker("job-1", "ana", "city", transport=MemoryTransport()).initialize_status()
    assert client.scan(TableName=TABLE)["Items"] == []


def test_trackers_of_one_session_lose_nothing_of_each_other(
    client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_request_at_a_time(client)
    monkeypatch.setattr(session_table, "dynamodb_client", lambda: client)
    names = [f"Agent {number}" for number in range(6)]

    def work(name: str) -> bool:
        # A projection each, as in processes of their own: nothing but the table keeps them apart.
        tracker = StatusTracker("job-1", "ana", "city", session_id="s-1")
        done = tracker.update_agent_status(name, "in-progress", f"{name} begins")
        return done and tracker.update_agent_status(name, "success", token_usage={"inputTokens": 1})

    with ThreadPoolExecutor(len(names)) as pool:
        assert all(pool.map(work, names))
    found = item(client, "s-1")
    assert {agent["name"]: agent["status"] for agent in found["agents"]} == dict.fromkeys(names, "success")
    assert (found["totalTokenUsage"]["inputTokens"], found["version"]) == (6, 12)


def test_a_session_of_another_tenant_is_not_overwritten(
    client: DynamoDBClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert StatusTracker("job-1", "ana", "city", session_id="s-1").initialize_status()
    assert StatusTracker("job-1", "ana", "county", session_id="s-1").initialize_status() is False
    assert StatusTracker("job-1", "ben", "city", session_id="s-1").initialize_status() is False
    assert (item(client, "s-1")["tenantId"], item(client, "s-1")["version"]) == ("city", 1)
    assert "belongs to another user or tenant" in caplog.text


def test_a_secret_is_in_no_item(client: DynamoDBClient) -> None:
    tracker = StatusTracker("job-1", "ana", "city", session_id="s-1")
    tracker.update_agent_status("Geo Agent", "in-progress", "the password is hunter2hunter2")
    assert "hunter2" not in str(item(client, "s-1"))
    assert "[redacted" in item(client, "s-1")["agents"][0]["activity"]


def test_a_table_that_is_not_there_costs_an_answer_and_a_line_but_no_exception(
    client: DynamoDBClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.delete_table(TableName=TABLE)
    with caplog.at_level(logging.ERROR):
        assert StatusTracker("job-1", "ana", "city").initialize_status() is False
    assert "ResourceNotFoundException" in caplog.text


def test_a_change_that_the_table_rejected_is_written_with_the_next_status(client: DynamoDBClient) -> None:
    class Failing(SessionTable):
        """Fails until the test switches it."""

        dead = True

        def change(self, *args: Any) -> None:
            if self.dead:
                raise TransportError("no answer", code="EndpointConnectionError", retriable=True)
            super().change(*args)

    table = Failing(TABLE, new_client=lambda: client)
    projection = SessionProjection("s-1", table)
    status = {"jobId": "job-1", "userId": "ana", "tenantId": "city", "message": "m"}
    assert projection.write({**status, "status": "agent_invoking", "agentName": "Geo Agent"}) is False
    assert projection.write({**status, "status": "agent_complete", "agentName": "Geo Agent"}) is False
    table.dead = False
    assert projection.write({**status, "status": "complete"})
    found = item(client, "s-1")
    assert (found["overallStatus"], found["agents"][0]["status"], found["version"]) == (
        "completed",
        "success",
        1,
    )


def test_an_item_that_has_expired_starts_again(client: DynamoDBClient) -> None:
    past, today = StoppedClock(), StoppedClock(time=NOW + DAYS_90 + 1)
    early = SessionTable(TABLE, new_client=lambda: client, clock=past.clock())
    late = SessionTable(TABLE, new_client=lambda: client, clock=today.clock())
    status = {"jobId": "job-1", "userId": "ana", "tenantId": "city", "message": "m"}
    opening = {
        **status,
        "status": "agent_invoking",
        "agentName": "Geo Agent",
        "timestamp": "2026-11-20T08:30:00Z",
    }
    assert SessionProjection("s-1", early).write(opening)
    again = {**status, "userId": "ben", "status": "loading_agents", "timestamp": "2027-03-01T08:30:00Z"}
    assert SessionProjection("s-1", late).write(again)
    assert (item(client, "s-1")["userId"], item(client, "s-1")["agents"]) == ("ben", [])
    assert item(client, "s-1")["version"] == 2


def test_boto3_is_loaded_at_the_first_status_only() -> None:
    program = (
        "import sys; from status_utils import StatusTracker; t = StatusTracker('j', 'u', 't');"
        "assert not [m for m in sys.modules if m.startswith('boto')], 'loaded'"
    )
    subprocess.run(
        [sys.executable, "-c", program], env={"STATUS_TABLE_NAME": TABLE, "PYTHONPATH": "."}, check=True
    )


# the item


def said(word: str, agent: str | None = None, **fields: Any) -> dict[str, Any]:
    whole = {"jobId": "job-1", "userId": "ana", "tenantId": "city", "status": word, "message": word}
    return {**whole, "timestamp": "2026-11-20T08:30:00.000Z", "agentName": agent, **fields}


def after(*statuses: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] | None = None
    for status in statuses:
        found = item_after(found, status, "s-1")
    assert found is not None
    return found


OVERALL = [
    ([said("loading_agents")], "initializing"),
    ([said("loading_agents"), said("pending", "A")], "initializing"),
    ([said("loading_agents"), said("agent_invoking", "A")], "processing"),
    ([said("loading_agents"), said("validating")], "processing"),
    ([said("agent_complete", "A")], "processing"),
    ([said("complete")], "completed"),
    ([said("cancelled")], "cancelled"),
    ([said("cancelled", "A")], "processing"),
    ([said("error"), said("agent_complete", "A")], "failed"),  # late news of an agent
    ([said("error"), said("loading_agents")], "initializing"),  # the next run
]


@pytest.mark.parametrize(("statuses", "overall"), OVERALL)
def test_the_state_of_a_session(statuses: list[dict[str, Any]], overall: str) -> None:
    assert after(*statuses)["overallStatus"] == overall


def test_the_next_run_of_a_session_has_fresh_agents() -> None:
    run = after(
        said("agent_invoking", "A"), said("complete"), said("loading_agents", metadata='{"plan":["B"]}')
    )
    assert [agent["name"] for agent in run["agents"]] == ["B"]


def test_an_older_attempt_changes_nothing_and_the_tokens_of_all_count() -> None:
    usage = '{"tokenUsage":{"inputTokens":10}}'
    found = after(
        said("agent_invoking", "A", attempt=1),
        said("agent_error", "A", attempt=1, metadata=usage),
        said("agent_retrying", "A", attempt=2),
        said("agent_error", "A", attempt=1, message="late"),
        said("progress", "A", attempt=2, progress=50.0, metadata=usage),
    )
    (agent,) = found["agents"]
    assert (agent["status"], agent["attempt"], agent["activity"]) == ("in-progress", 2, "progress")
    assert (agent["progress"], agent["tokenUsage"]["totalTokens"]) == (50, 20)


def test_an_end_alone_has_the_start_of_its_duration() -> None:
    (agent,) = after(said("agent_complete", "A", executionTimeMs=1500))["agents"]
    assert (agent["startedAt"], agent["duration"]) == ("2026-11-20T08:29:58.500Z", 1.5)


def test_an_item_has_a_bounded_number_of_agents_with_bounded_texts() -> None:
    many = [said("agent_invoking", f"A{number}", message="m" * 2_000) for number in range(AGENTS_KEPT + 5)]
    found = after(*many, said("loading_agents", metadata=json.dumps({"plan": ["B"]})))
    assert len(found["agents"]) == AGENTS_KEPT
    assert len(json.dumps(found)) < 100_000
