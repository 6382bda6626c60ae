"""A client without valid credentials is created again, because credentials may appear or change at any
time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from status_utils import LambdaTransport, QueueTransport
from status_utils.sending.tracing import without_segment
from status_utils.transports.transport import Transport
from statusbeam.model.errors import TransportError
from tests.unit.local_http import Answer, json_answer, local_server

PAYLOAD = {"batchId": "b1", "updates": [{"jobId": "job-1"}]}
QUEUED = json_answer({"MessageId": "m1", "MD5OfMessageBody": "", "SequenceNumber": "1"})
TRANSPORTS: dict[str, tuple[Callable[[], Transport], Answer]] = {
    "queue": (lambda: QueueTransport("https://sqs.eu-west-1.amazonaws.com/123456789012/s.fifo"), QUEUED),
    "lambda": (lambda: LambdaTransport("publisher"), Answer(status=202)),
}


@pytest.fixture(params=TRANSPORTS)
def made(request: pytest.FixtureRequest) -> tuple[Transport, Answer]:
    new, accepted = TRANSPORTS[request.param]
    return new(), accepted


def test_credentials_that_appear_late_are_found(
    made: tuple[Transport, Answer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    transport, accepted = made
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with local_server(accepted) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        with monkeypatch.context() as without:
            without.delenv("AWS_ACCESS_KEY_ID")
            with pytest.raises(TransportError) as failed:
                transport.send(PAYLOAD)
        assert (failed.value.code, failed.value.retriable) == ("NoCredentialsError", True)
        transport.send(PAYLOAD)
        assert len(aws.received) == 1


def test_an_expired_token_is_replaced_by_the_one_that_is_there_now(
    made: tuple[Transport, Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    transport, _ = made
    expired = json_answer({"__type": "ExpiredTokenException", "message": "expired"}, status=403)
    with local_server(expired) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        monkeypatch.setenv("AWS_SESSION_TOKEN", "old")
        for token in ("old", "new"):
            monkeypatch.setenv("AWS_SESSION_TOKEN", token)
            with pytest.raises(TransportError) as failed:
                transport.send(PAYLOAD)
            assert failed.value.retriable
        tokens = [request.headers["x-amz-security-token"] for request in aws.received]
        assert (tokens[0], tokens[-1]) == ("old", "new")


def test_the_senders_thread_has_a_segment_of_x_ray_that_nobody_records() -> None:
    from aws_xray_sdk.core import xray_recorder  # noqa: PLC0415 - processes that don't use it are tested above

    class Subsegments:
        def send(self, payload: Mapping[str, Any]) -> bool:
            with without_segment(), xray_recorder.in_subsegment("sqs") as subsegment:
                return bool(subsegment.sampled)

    assert Subsegments().send({}) is False
    with without_segment():
        inside = xray_recorder.context.get_trace_entity()
    assert inside.name == "status_utils"
    assert not getattr(xray_recorder.context._local, "entities", None)


def test_without_x_ray_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("aws_xray_sdk")]:
        monkeypatch.delitem(sys.modules, name)
    with without_segment():
        assert "aws_xray_sdk" not in sys.modules
