"""The publisher Lambda with its real adapters: DynamoDB in moto, AppSync on a local socket."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from lambdas.status_publisher._wiring import publisher
from lambdas.status_publisher.handler import handler, logger
from statusbeam.model.errors import BroadcastError, SettingError
from statusbeam.model.settings import (
    COMMITTED_TO_PUSHED_METRIC,
    FUNCTION_DIMENSION,
    PRODUCED_TO_COMMITTED_METRIC,
    REFUSED_METRIC,
    SUPPRESSED_METRIC,
    PublisherSettings,
)
from tests.unit.dynamo_tables import (
    SESSIONS_TABLE,
    STATUS_TABLE,
    all_items,
    dynamo_tables,
    put_session,
)
from tests.unit.lambda_context import Context
from tests.unit.local_http import Answer, LocalServer, json_answer, local_server
from tests.unit.samples import entry

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient

OK = json_answer({"data": {"publishStatus": {"jobId": "job-1"}}})
DOWN = json_answer({"message": "down"}, 503)
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE, OTHER_TRACE = "1-4bf92f35-77b34da6a3ce929d0e0e4736", "1-67891233-abcdef012345678912345678"
FOR_EVER = 9_999_999_999


@dataclass(slots=True)
class Deployed:
    """The publisher and what is behind it."""

    dynamodb: DynamoDBClient
    appsync: LocalServer

    def invoke(self, event: Any, context: Context | None = None) -> dict[str, Any]:
        """As Lambda does: JSON in, JSON out."""
        result = handler(json.loads(json.dumps(event)), cast("LambdaContext", context or Context()))
        answer = json.loads(json.dumps(result))
        assert isinstance(answer, dict)
        return answer

    def answers(self, *answers: Answer) -> None:
        self.appsync.answers[:] = answers

    def pushed(self) -> list[dict[str, Any]]:
        return [json.loads(request.body)["variables"]["input"] for request in self.appsync.received]


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    with dynamo_tables() as client, local_server(OK) as appsync:
        settings = PublisherSettings(
            appsync_api_url=f"{appsync.url}/graphql",
            appsync_api_id="api",
            user_sessions_table=SESSIONS_TABLE,
            status_table=STATUS_TABLE,
        )
        for variable, value in settings.to_env().items():
            monkeypatch.setenv(variable, value)
        put_session(client, "city", "ana#c1", FOR_EVER, joined=True)
        publisher.cache_clear()
        yield Deployed(client, appsync)
        publisher.cache_clear()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """The library's log lines in the handler's format."""
    written = StringIO()
    (format_of_the_handler,) = [h for h in logging.getLogger("statusbeam").handlers if h in logger.handlers]
    monkeypatch.setattr(format_of_the_handler, "stream", written)
    return written


def recorded(name: str) -> Any:
    return json.loads(Path(__file__).with_name("events").joinpath(name).read_text())


def metrics_in(output: str) -> dict[str, Any]:
    (line,) = [json.loads(line) for line in output.splitlines() if '"_aws"' in line]
    assert isinstance(line, dict)
    return line


def test_a_payload_is_committed_and_pushed(deployed: Deployed) -> None:
    payload = {"batchId": "b1", "updates": [entry(message="one"), entry(message="two")]}
    assert deployed.invoke(payload) == {"committed": 2, "rejected": [], "pushed": 1}
    (push,) = deployed.pushed()
    assert (push["message"], push["sequence"]) == ("two", 2)
    assert [u["message"] for u in push["earlier"]] == ["one"]
    assert ("JOB#city#job-1", "UPDATE#000000000002") in all_items(deployed.dynamodb)


def test_a_state_of_step_functions_is_answered_with_json(deployed: Deployed) -> None:
    answer = deployed.invoke(recorded("publisher_from_step_functions.json"))
    assert answer == {"committed": 1, "rejected": [], "pushed": 1}
    (push,) = deployed.pushed()
    assert push["qualifiedStatus"] == "synthesizing"
    assert push["eventId"] == f"{Context().aws_request_id}.0"
    assert json.loads(push["metadata"]) == {"agents": 3}


def test_a_retry_of_lambda_changes_nothing_and_is_pushed_again(deployed: Deployed) -> None:
    event = recorded("publisher_from_step_functions.json")
    deployed.invoke(event)
    items = all_items(deployed.dynamodb)
    assert deployed.invoke(event) == {"committed": 1, "rejected": [], "pushed": 1}
    assert all_items(deployed.dynamodb) == items
    first, again = deployed.pushed()
    assert first == again


def test_a_push_that_fails_is_raised_so_that_lambda_retries(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.answers(DOWN)
    with pytest.raises(BroadcastError):
        deployed.invoke({"batchId": "b1", "updates": [entry()]})
    metrics = metrics_in(capsys.readouterr().out)
    assert (metrics["PublishFailures"], metrics["StatusesCommitted"]) == ([1.0], [1.0])
    deployed.answers(OK)
    assert deployed.invoke({"batchId": "b1", "updates": [entry()]})["committed"] == 1
    metrics = metrics_in(capsys.readouterr().out)
    assert (metrics["Pushes"], metrics["StatusesCommitted"]) == ([1.0], [0.0])


def test_a_wholly_invalid_payload_is_rejected_not_raised(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], log: StringIO
) -> None:
    answer = deployed.invoke({"batchId": "b1", "updates": [entry(jobId=None)]})
    assert (answer["committed"], answer["pushed"]) == (0, 0)
    assert answer["rejected"] == [
        {"index": 0, "code": "missing", "field": "jobId", "message": "jobId is missing"}
    ]
    assert metrics_in(capsys.readouterr().out)["StatusesRejected"] == [1.0]
    lines = log.getvalue().splitlines()
    (warning,) = [json.loads(line) for line in lines if "status rejected" in line]
    assert warning["level"] == "WARNING"
    assert "field=<jobId>" in warning["message"]


def test_counts_are_metrics_of_the_publisher(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    deployed.invoke({"batchId": "b1", "updates": [entry(), entry()]})
    metrics = metrics_in(capsys.readouterr().out)
    assert metrics["service"] == "status_publisher"
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Statusbeam"
    assert (metrics["StatusesCommitted"], metrics["Pushes"]) == ([2.0], [1.0])
    units = {m["Name"]: m["Unit"] for m in metrics["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    for latency in (PRODUCED_TO_COMMITTED_METRIC, COMMITTED_TO_PUSHED_METRIC):
        assert (len(metrics[latency]), units[latency]) == (1, "Milliseconds")


def test_statuses_for_another_users_job_are_counted_for_the_alarm(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.invoke({"batchId": "b1", "updates": [entry()]})
    assert REFUSED_METRIC not in metrics_in(capsys.readouterr().out)
    deployed.invoke({"batchId": "b2", "updates": [entry(userId="ben"), entry(userId="ben"), entry()]})
    metrics = metrics_in(capsys.readouterr().out)
    assert (metrics[REFUSED_METRIC], metrics["StatusesCommitted"]) == ([2.0], [1.0])
    (directive,) = metrics["_aws"]["CloudWatchMetrics"]
    assert [set(names) for names in directive["Dimensions"]] == [{"service", FUNCTION_DIMENSION}]
    assert metrics[FUNCTION_DIMENSION] == Context().function_name


def test_a_commit_without_a_watcher_is_a_warning_and_a_suppressed_push(
    deployed: Deployed, log: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deployed.invoke(entry(userId="ben"))["pushed"] == 0
    metrics = metrics_in(capsys.readouterr().out)
    assert (metrics[SUPPRESSED_METRIC], metrics["StatusesCommitted"]) == ([1.0], [1.0])
    assert COMMITTED_TO_PUSHED_METRIC not in metrics
    assert deployed.pushed() == []
    assert "not pushed: no live session" in log.getvalue()


def test_no_log_line_shows_a_message_or_credentials(deployed: Deployed, log: StringIO) -> None:
    deployed.answers(DOWN)
    with pytest.raises(BroadcastError):
        deployed.invoke(entry(message="my neighbour is ill", attempt=1))
    assert "publishing failed" in log.getvalue()
    assert "my neighbour is ill" not in log.getvalue()
    assert "testing" not in log.getvalue()  # the test account's key


def test_adapters_are_built_once(deployed: Deployed) -> None:
    deployed.invoke(entry())
    first = publisher()
    deployed.invoke(entry(), Context(aws_request_id="another"))
    assert publisher() is first
    assert [request.connection for request in deployed.appsync.received] == [1, 1]


def test_the_trace_of_the_sender_has_the_commit_and_the_push(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{daemon.getsockname()[1]}")
        monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={OTHER_TRACE};Parent=1111111111111111;Sampled=1")
        deployed.invoke({"batchId": "b1", "traceparent": TRACEPARENT, "updates": [entry()]})
        header, _, body = daemon.recv(65_536).partition(b"\n")
    assert json.loads(header) == {"format": "json", "version": 1}
    segment = json.loads(body)
    assert (segment["trace_id"], segment["parent_id"]) == (TRACE, "00f067aa0ba902b7")
    assert segment["annotations"]["publisher_trace_id"] == OTHER_TRACE
    assert [step["name"] for step in segment["subsegments"]] == ["commit", "push"]


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    publisher.cache_clear()
    monkeypatch.delenv("STATUS_TABLE", raising=False)
    with pytest.raises(SettingError, match="APPSYNC_API_URL"):
        publisher()
