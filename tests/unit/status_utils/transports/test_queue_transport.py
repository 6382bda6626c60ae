"""The queue as a transport, through the real boto3: against moto, and against faulty sockets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from status_utils import publish_agent_status, publish_tool_status
from status_utils.transports.queue_messages import group_of
from status_utils.transports.queue_transport import QueueTransport
from statusbeam.model.errors import TransportError
from tests.unit.fifo_queue import fifo_queue
from tests.unit.local_http import Answer, json_answer, local_server
from tests.unit.samples import entry, job_key

URL = "http://127.0.0.1/000000000000/statuses.fifo"
PAYLOAD = {"batchId": "b1", "updates": [entry()]}


def test_statuses_leave_the_queue_in_the_order_they_were_sent_in() -> None:
    with fifo_queue() as queue:
        transport = queue.transport()
        for number in range(5):
            assert publish_tool_status(
                "job-1", "ana", "city", "Geo", "map", f"look {number}", transport=transport
            )
        assert publish_agent_status("job-1", "ana", "city", "Geo", "complete", "Found", transport=transport)
        records = queue.event()["Records"]
    bodies = [json.loads(record["body"]) for record in records]
    assert [body["updates"][0]["message"] for body in bodies] == [*(f"look {n}" for n in range(5)), "Found"]
    assert {record["attributes"]["MessageGroupId"] for record in records} == {group_of(job_key())}
    assert len({record["attributes"]["MessageDeduplicationId"] for record in records}) == len(records)


def test_a_payload_that_is_sent_twice_is_taken_once() -> None:
    with fifo_queue() as queue:
        queue.transport().send(PAYLOAD)
        queue.transport().send(PAYLOAD)
        assert len(queue.event()["Records"]) == 1


def test_jobs_of_one_payload_do_not_wait_for_each_other() -> None:
    with fifo_queue() as queue:
        queue.transport().send({"batchId": "b1", "updates": [entry(jobId="a"), entry(jobId="b")]})
        records = queue.event()["Records"]
    assert [record["attributes"]["MessageGroupId"] for record in records] == [
        group_of(job_key("a")),
        group_of(job_key("b")),
    ]


@pytest.mark.parametrize(
    ("answer", "code", "retriable"),
    [
        (json_answer({"__type": "com.amazonaws.sqs#QueueDoesNotExist"}, 400), "QueueDoesNotExist", False),
        (json_answer({"__type": "com.amazonaws.sqs#AccessDenied"}, 403), "AccessDenied", False),
        (json_answer({"__type": "com.amazonaws.sqs#RequestThrottled"}, 400), "RequestThrottled", True),
        (json_answer({"__type": "InternalError"}, 500), "InternalError", True),
        (Answer(hang_up=True), "ConnectionClosedError", True),
    ],
)
def test_a_refused_message_is_a_transport_error(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, code: str, retriable: bool
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with local_server(answer) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", aws.url)
        with pytest.raises(TransportError) as failed:
            QueueTransport(URL).send(PAYLOAD)
    assert (failed.value.code, failed.value.retriable) == (code, retriable)


def test_a_closed_port_is_a_transport_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with local_server(Answer()) as gone:
        url = gone.url
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", url)
    with pytest.raises(TransportError) as failed:
        QueueTransport(URL).send(PAYLOAD)
    assert (failed.value.code, failed.value.retriable) == ("EndpointConnectionError", True)


def test_a_missing_region_may_be_there_the_next_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    transport = QueueTransport(URL)
    with pytest.raises(TransportError) as failed:
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        transport.send(PAYLOAD)
    assert (failed.value.code, failed.value.retriable) == ("NoRegionError", True)


def test_credentials_that_could_not_be_fetched_may_be_there_the_next_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\ncredential_process = false\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(TransportError) as failed:
        QueueTransport(URL).send(PAYLOAD)
    assert (failed.value.code, failed.value.retriable) == ("CredentialRetrievalError", True)


def test_the_client_and_its_connection_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = json_answer({"MessageId": "m1", "MD5OfMessageBody": "", "SequenceNumber": "1"})
    with local_server(answer) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", aws.url)
        transport = QueueTransport(URL)
        transport.send(PAYLOAD)
        transport.send(PAYLOAD)
        assert [request.connection for request in aws.received] == [1, 1]
