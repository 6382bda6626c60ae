"""The asynchronous invoke, through the real boto3 against a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from status_utils import publish_orchestrator_status
from status_utils.defaults import default_transport
from status_utils.transports.lambda_transport import LambdaTransport
from statusbeam.model.errors import TransportError
from statusbeam.model.limits import PAYLOAD_BYTES
from tests.unit.local_http import Answer, local_server

ACCEPTED = Answer(status=202, body=b"")
PAYLOAD = {"batchId": "b1", "updates": []}


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    default_transport.cache_clear()
    yield
    default_transport.cache_clear()


def test_a_payload_is_one_asynchronous_invoke(monkeypatch: pytest.MonkeyPatch) -> None:
    with local_server(ACCEPTED) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", aws.url)
        LambdaTransport("publisher").send(PAYLOAD)
        (request,) = aws.received
    assert request.path == "/2015-03-31/functions/publisher/invocations"
    assert request.headers["x-amz-invocation-type"] == "Event"
    assert json.loads(request.body) == PAYLOAD


def test_the_client_and_its_connection_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with local_server(ACCEPTED) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", aws.url)
        transport = LambdaTransport("publisher")
        transport.send(PAYLOAD)
        transport.send(PAYLOAD)
        assert [request.connection for request in aws.received] == [1, 1]


def test_one_call_of_a_publish_function_is_one_invoke_of_the_function_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with local_server(ACCEPTED) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", aws.url)
        monkeypatch.setenv("STATUS_PUBLISHER_FUNCTION", "publisher")
        assert publish_orchestrator_status("job-1", "ana", "city", "validating", "Checking")
        (request,) = aws.received
    assert json.loads(request.body)["updates"][0]["jobId"] == "job-1"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(status=200), "not_accepted"),  # somebody answered who ran it at once
        (Answer(status=403, body=b'{"Message": "no"}'), "403"),
        (Answer(hang_up=True), "ConnectionClosedError"),
    ],
)
def test_a_refused_invoke_is_a_transport_error(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, code: str
) -> None:
    with local_server(answer) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", aws.url)
        with pytest.raises(TransportError) as failed:
            LambdaTransport("publisher").send(PAYLOAD)
    assert failed.value.code == code


def test_a_closed_port_is_a_transport_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with local_server(ACCEPTED) as gone:
        url = gone.url
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", url)
    with pytest.raises(TransportError) as failed:
        LambdaTransport("publisher").send(PAYLOAD)
    assert (failed.value.code, failed.value.retriable) == ("EndpointConnectionError", True)


def test_a_missing_region_is_a_transport_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(TransportError) as failed:
        LambdaTransport("publisher").send(PAYLOAD)
    assert failed.value.code == "NoRegionError"


def test_a_payload_larger_than_an_invoke_is_refused_before_the_network() -> None:
    with pytest.raises(TransportError) as refused:
        LambdaTransport("publisher").send({"batchId": "b" * PAYLOAD_BYTES})
    assert (refused.value.code, refused.value.retriable) == ("too_large", False)
