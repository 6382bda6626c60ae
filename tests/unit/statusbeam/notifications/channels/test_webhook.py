"""Webhooks as the `standardwebhooks` library verifies them."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from statusbeam.model.errors import NotificationError
from statusbeam.notifications.channels.webhook import WebhookChannel
from tests.unit.statusbeam.notifications.samples import job_event
from tests.unit.statusbeam.notifications.tls_server import Receiver, receiver

OLD, NEW = ("whsec_" + base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


def send(server: Receiver, secret: Any = NEW, **event: Any) -> tuple[dict[str, str], bytes]:
    """The requests to the receiver."""
    target = {"url": f"{server.url}/hook", "secret": secret}
    WebhookChannel(lambda: target, server.client).send(job_event(**event))
    _, headers, body = server.received[-1]
    return headers, body


def test_a_webhook_is_verified_by_the_library(server: Receiver) -> None:
    headers, body = send(server, result={"place": "Königsplatz"})
    found = Webhook(NEW).verify(body, headers)
    assert found["type"] == "job.completed"
    assert found["timestamp"] == "2026-11-20T08:30:00.000Z"
    assert found["data"]["jobId"] == "job-1"
    assert found["data"]["overallStatus"] == "completed"
    assert found["data"]["result"] == {"place": "Königsplatz"}
    assert headers["webhook-id"] == found["data"]["eventId"] == "event-7"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60


def test_while_a_secret_is_replaced_both_verify(server: Receiver) -> None:
    headers, body = send(server, f"{OLD} {NEW}")
    assert Webhook(OLD).verify(body, headers) == Webhook(NEW).verify(body, headers)


def test_another_secret_does_not_verify(server: Receiver) -> None:
    headers, body = send(server, OLD)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(body, headers)


def test_a_repeated_delivery_has_the_same_id(server: Receiver) -> None:
    first, second = send(server)[0], send(server)[0]
    assert first["webhook-id"] == second["webhook-id"]


@pytest.mark.parametrize("status", [301, 400, 410, 500])
def test_an_answer_other_than_2xx_is_a_failure(server: Receiver, status: int) -> None:
    server.answers[:] = [(status, {"retry-after": "7"}, b"no")]
    with pytest.raises(NotificationError) as caught:
        send(server)
    assert (caught.value.code, caught.value.retry_after) == (f"http_{status}", 7)


@pytest.mark.parametrize(
    "target",
    [
        None,
        "https://hooks.example.com",
        {"url": "https://hooks.example.com"},
        {"url": "https://hooks.example.com", "secret": ""},
        {"url": "https://hooks.example.com", "secret": "no prefix"},
        {"url": "https://hooks.example.com", "secret": "whsec_***"},
        {"url": "https://hooks.example.com", "secret": "whsec_c2hvcnQ="},
        {"url": 7, "secret": NEW},
    ],
)
def test_a_secret_that_holds_something_else_is_named_without_its_content(
    server: Receiver, target: Any
) -> None:
    with pytest.raises(NotificationError) as caught:
        WebhookChannel(lambda: target, server.client).send(job_event())
    assert caught.value.code == "bad_secret"
    assert "hooks.example.com" not in str(caught.value)
    assert server.received == []
