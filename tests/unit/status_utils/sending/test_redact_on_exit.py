"""No secret leaves the process, neither to the publisher nor into its log lines."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from status_utils import (
    MemoryTransport,
    TransportError,
    job,
    publish_agent_status,
    publish_tool_status,
)
from status_utils.defaults import default_redactor
from status_utils.scopes.plain_texts import to_message
from status_utils.sending import redact_on_exit
from status_utils.sending.dead_letter import LOGGER, log_undelivered
from status_utils.sending.redact_on_exit import MessageHistory, redact_draft
from statusbeam.model.errors import InvalidStatusError
from statusbeam.model.limits import MESSAGE_LENGTH, NAME_LENGTH, REDACTED_LENGTH, TAIL_LENGTH, TAILS
from statusbeam.model.redaction.redactor import Redactor
from statusbeam.model.update import StatusUpdate
from tests.unit.statusbeam.model.redaction.secret_corpus import secrets_of

CORPUS = [(name, *found) for name, found in secrets_of(7).items()]
KEY = secrets_of(7)["aws key id"][0]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    history = MessageHistory()
    monkeypatch.setattr(redact_on_exit, "_history", lambda: history)
    default_redactor.cache_clear()
    yield
    default_redactor.cache_clear()


class DeadTransport:
    def send(self, payload: Mapping[str, Any]) -> None:
        raise TransportError("nobody answers", code="EndpointConnectionError", retriable=True)


def sent_status(message: str = "m", **extras: Any) -> dict[str, Any]:
    transport = MemoryTransport()
    assert publish_agent_status(
        "j", "u", "t", "Geo", "agent_invoking", message, transport=transport, **extras
    )
    (payload,) = transport.sent
    status: dict[str, Any] = payload["updates"][0]
    return status


@pytest.mark.parametrize(("name", "text", "secret"), CORPUS)
def test_a_secret_is_not_sent(name: str, text: str, secret: str) -> None:
    transport = MemoryTransport()
    publish_tool_status("j", "u", "t", f"Geo {text}"[:128], text[:128], text, transport=transport)
    publish_agent_status(
        "j", "u", "t", "Geo", "progress", "m", metadata={text: {"deep": [{"x": text}]}}, transport=transport
    )
    sent = json.dumps(transport.sent)
    assert json.dumps(secret)[1:-1] not in sent


@pytest.mark.parametrize("status", ["agent_invoking", "not one word"])
@pytest.mark.parametrize(("name", "text", "secret"), CORPUS)
def test_nor_is_it_in_the_line_that_logs_an_undelivered_status(
    name: str, text: str, secret: str, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    metadata = {"x": [text], "odd": {text}}
    assert not publish_agent_status(
        "j", "u", "t", "Geo", status, text, metadata=metadata, transport=DeadTransport()
    )
    (record,) = [record for record in caplog.records if record.name == LOGGER]
    assert record.levelno == logging.ERROR
    assert json.dumps(secret)[1:-1] not in record.getMessage()
    assert "[redacted: " in record.getMessage()


def test_nor_is_one_in_the_place_of_a_field(caplog: pytest.LogCaptureFixture) -> None:
    update = {"jobId": "j", "userId": "u", "tenantId": "t", f"x={KEY}": 1}
    with pytest.raises(InvalidStatusError) as refused:
        StatusUpdate.from_wire(update)
    log_undelivered(update, refused.value)
    log_undelivered({"batchId": "b", "updates": [update]}, TimeoutError(KEY))
    assert len([record for record in caplog.records if record.name == LOGGER]) == 2
    assert KEY not in caplog.text


def test_a_secret_that_the_limit_cuts_in_two_is_hidden() -> None:
    status = sent_status("m" * (MESSAGE_LENGTH - 30) + f" {KEY} and more")
    assert KEY[:8] not in status["message"]
    assert len(status["message"]) <= MESSAGE_LENGTH


def test_a_name_that_a_mark_makes_too_long_is_cut() -> None:
    name = "a" * (NAME_LENGTH - 4) + " AB "[:4]
    transport = MemoryTransport()
    publish_agent_status("j", "u", "t", f"{KEY} {name}"[:NAME_LENGTH], "progress", "m", transport=transport)
    assert transport.sent[0]["updates"][0]["agentName"].startswith("[redacted: aws key]")


def test_a_secret_in_several_messages_is_hidden_from_the_second_on() -> None:
    assert sent_status(f"key {KEY[:8]}")["message"] == f"key {KEY[:8]}"  # sent before anybody could know
    assert sent_status(KEY[8:14])["message"] == KEY[8:14]  # still no key
    assert sent_status(f"{KEY[14:]} it is")["message"] == "[redacted: aws key] it is"


def test_text_after_a_secret_is_not_part_of_it() -> None:
    assert sent_status("The password: hunter2!")["message"] == "The password: [redacted: secret]"
    assert sent_status("the last")["message"] == "the last"


def test_a_private_key_sent_line_by_line_is_hidden_completely() -> None:
    lines = secrets_of(7)["private key"][0].split("\n")
    assert [sent_status(line)["message"] for line in lines] == ["[redacted: private key]"] * len(lines)
    assert sent_status("that was it")["message"] == "that was it"


def test_messages_of_other_invocations_are_not_put_together() -> None:
    sent_status(KEY[:8], invocation_id="one")
    assert sent_status(KEY[8:], invocation_id="two")["message"] == KEY[8:]


def test_at_most_the_limit_of_invocations_is_cached() -> None:
    history = MessageHistory()
    for number in range(2 * TAILS):
        history.redact_next({"jobId": str(number), "message": "m"})
    assert len(history._ends) == TAILS


def test_at_most_the_limit_is_cached_of_an_invocation() -> None:
    history = MessageHistory()
    history.redact_next({"jobId": "j", "message": KEY[:8]})
    history.redact_next({"jobId": "j", "message": "m" * TAIL_LENGTH})
    assert [len(end) for end in history._ends.values()] == [TAIL_LENGTH]


def test_at_most_the_limit_of_a_message_is_searched() -> None:
    told = to_message("m " * (REDACTED_LENGTH // 2) + KEY)
    assert len(told) == REDACTED_LENGTH
    assert told.startswith("m " * 3_900)
    assert told.endswith(f" … [{REDACTED_LENGTH + len(KEY)} characters]")
    assert redact_draft({"message": told}, Redactor())["message"] == told


def test_configured_fields_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDACTED_FIELDS", "metadata.customer.email, metadata.note")
    sent = json.loads(sent_status(metadata={"customer": {"email": "ana@example.com"}, "note": 3})["metadata"])
    mark = "[redacted: configured field]"
    assert sent == {"customer": {"email": mark}, "note": mark}


def test_with_a_setting_that_nobody_understands_nothing_is_sent_or_logged_but_the_ids(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("REDACTED_FIELDS", "customer.email")
    transport = MemoryTransport()
    assert not publish_agent_status("j", "u", "t", "Geo", "progress", "ana@example.com", transport=transport)
    assert transport.sent == []
    line = json.loads(next(r for r in caplog.records if r.name == LOGGER).getMessage())
    assert line["payload"] == {"jobId": "j", "userId": "u", "tenantId": "t"}
    assert "REDACTED_FIELDS" in line["reason"]


@pytest.mark.parametrize(("name", "text", "secret"), CORPUS)
def test_an_exceptions_secret_is_neither_sent_nor_logged(
    name: str, text: str, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    transport = MemoryTransport()
    scope = job(job_id="j", user_id="u", tenant_id="t", transport=transport)
    with pytest.raises(ValueError), scope as running, running.agent("Geo Agent"):
        raise ValueError(text)
    assert len(transport.sent) > 0
    assert json.dumps(secret)[1:-1] not in json.dumps(transport.sent)
    (record,) = [record for record in caplog.records if record.name == "status_utils.failures"]
    assert record.exc_info is None
    assert secret not in record.getMessage()
    assert "ValueError" in record.getMessage()
